"""A finished grid, read as one artefact: the union of its shards.

    runs/<grid>/grid.json                                                          the frozen expansion
    runs/<grid>/<shard>/{history.csv, best.safetensors, sessions.json, manifest.json}

Each shard is published by itself, and the grid has no manifest; its digest is that of the files of all its shards.
"""

from __future__ import annotations

from dataclasses import dataclass

from neurograde.errors import DataError, DigestMismatch
from neurograde.specs.records import Grid, Manifest, Metrics, Session, Shard
from neurograde.specs.results.sessions import ShardSessions
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import Artefact, parse_record, read_manifest
from neurograde.storage.store import Store


@dataclass(frozen=True)
class Run:
    """A grid and those of its shards that are done."""

    store: Store
    grid: Grid
    shards: dict[str, Artefact]
    """Finished shards by name, in the grid's order."""

    @property
    def spec(self) -> TrainSpec:
        """The train spec that was expanded."""
        return TrainSpec.parse(self.grid.spec)

    @property
    def unfinished(self) -> list[str]:
        """Names of the shards that are not done."""
        return [shard.name for shard in self.grid.shards if shard.name not in self.shards]

    @property
    def sessions(self) -> list[Session]:
        """Every session, in the grid's order."""
        return [session for shard in self.grid.shards for session in shard.sessions]

    def shard_of(self, session: Session) -> Shard:
        """Return the shard that trained the session."""
        return next(shard for shard in self.grid.shards if session in shard.sessions)

    def artefact(self) -> Artefact:
        """Return the whole run as one artefact, with files named `<shard>/<file>`."""
        manifests = {name: shard.manifest for name, shard in self.shards.items()}
        manifest = Manifest(
            kind="runs",
            name=self.grid.name,
            job="train",
            spec=self.grid.spec,
            spec_digest=self.grid.spec_digest,
            revision=self.grid.revision,
            inputs=self.grid.inputs,
            raw=self.grid.raw,
            files={
                f"{name}/{path}": record
                for name, shard in sorted(manifests.items())
                for path, record in sorted(shard.files.items())
            },
            marks=tuple(sorted({*self.grid.marks}.union(*(shard.marks for shard in manifests.values())))),
        )
        return Artefact(self.store, f"runs/{self.grid.name}", manifest)

    def histories(self) -> dict[str, list[Metrics]]:
        """Return the metrics of every session, epoch 0 first; those of a diverged session end where it diverged.

        Raises:
            DataError: A shard has the history of a session that the grid does not have.
        """
        histories: dict[str, list[Metrics]] = {session.id: [] for session in self.sessions}
        for shard in self.shards.values():
            for row in shard.read_csv("history.csv"):
                if row["session"] not in histories:
                    raise DataError(f"{shard.url}/history.csv: the grid has no session {row['session']!a}")
                values = {name: float(row[name]) if row[name] else None for name in Metrics.model_fields if name in row}
                histories[row["session"]].append(Metrics.model_validate(values))
        return histories

    def diverged(self) -> dict[str, int]:
        """Return the sessions that diverged, with the epoch at which they did."""
        diverged = {}
        for shard in self.shards.values():
            for session in shard.read_result(ShardSessions, "sessions.json").sessions:
                if session.diverged is not None:
                    diverged[session.id] = session.diverged
        return diverged


def read_run(store: Store, name: str) -> Run:
    """Return the grid `name` with the shards that are done.

    Raises:
        FileNotFoundError: The grid does not exist.
        DataError: grid.json is damaged.
        DigestMismatch: grid.json contradicts its digest, or a shard was trained by another grid of that name.
    """
    where = f"runs/{name}/grid.json"
    grid = parse_record(Grid, store.get(where), f"{store.url}/{where}")
    actual = TrainSpec.parse(grid.spec).digest()
    if actual != grid.spec_digest:
        raise DigestMismatch(f"{store.url}/{where} records a spec of digest {grid.spec_digest}, but holds {actual}")
    shards = {}
    for shard in grid.shards:
        folder = f"runs/{name}/{shard.name}"
        manifest = read_manifest(store, folder)
        if manifest is None:
            continue
        ours, theirs = _made_from(grid), _made_from(manifest)
        if ours != theirs:
            raise DigestMismatch(f"{store.url}/{folder} was trained by a grid of digests {theirs}, {where} has {ours}")
        shards[shard.name] = Artefact(store, folder, manifest)
    return Run(store, grid, shards)


def _made_from(record: Grid | Manifest) -> list[str]:
    return [record.spec_digest, *(artefact.digest for artefact in record.inputs), *(file.sha256 for file in record.raw)]
