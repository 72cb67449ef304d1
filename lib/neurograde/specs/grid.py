"""From a train spec to its grid: the shards, and the sessions of each."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from neurograde.maths.grid_plan import Row
from neurograde.specs.records import Grid, InputRecord, RawInput, Session, Shard
from neurograde.specs.revisions import revision_of
from neurograde.specs.strategies import Strategy
from neurograde.specs.train import Backbone, TrainSpec


def expand(
    spec: TrainSpec,
    inputs: tuple[InputRecord, ...],
    raw: tuple[RawInput, ...] = (),
    marks: tuple[str, ...] = (),
) -> Grid:
    """Return the frozen expansion of `spec`: one shard per backbone and strategy, in the order of the spec.

    Sessions of a shard share their frozen trunk; `sessions_per_shard` splits a longer row into several shards.
    """
    shards: list[Shard] = []
    for backbone, strategy in product(spec.backbones, spec.strategies):
        shards += _row(spec, backbone, strategy)
    return Grid(
        name=spec.name,
        spec=spec.model_dump(mode="json"),
        spec_digest=spec.digest(),
        revision=revision_of(spec),
        inputs=inputs,
        raw=raw,
        marks=marks,
        shards=tuple(shards),
    ).sealed()


def row_of(shard: Shard) -> str:
    """Return the row of a shard, a backbone and a strategy: on a cluster, the Job that trains it."""
    session = shard.sessions[0]
    return _row_name(session.backbone, session.adaptation)


def rows(shards: Iterable[Shard]) -> dict[str, list[Shard]]:
    """Return the shards of each row, in order: the index of a shard's pod is its position in the row."""
    found: dict[str, list[Shard]] = {}
    for shard in shards:
        found.setdefault(row_of(shard), []).append(shard)
    return found


def planned_rows(spec: TrainSpec) -> list[Row]:
    """Return the rows of a grid with the work that they take."""
    found = []
    for shards in rows(expand(spec, ()).shards).values():
        sessions = [session for shard in shards for session in shard.sessions]
        strategy = sessions[0].adaptation
        resized = sessions[0].backbone == "inception_v3"  # takes whole patches: every crop is the same
        found.append(
            Row(
                backbone=sessions[0].backbone,
                strategy=strategy.label,
                kind=strategy.kind,
                shards=len(shards),
                sessions=len(sessions),
                session_epochs=sum(each.epochs for each in sessions),
                batch_sizes=(min(spec.batch_sizes), max(spec.batch_sizes)),
                slices=1 if spec.crop == "center" or resized else spec.crop_slices or spec.longest,
            )
        )
    return found


def _row_name(backbone: str, strategy: Strategy) -> str:
    return f"{backbone}-{strategy.label}"


def _row(spec: TrainSpec, backbone: Backbone, strategy: Strategy) -> list[Shard]:
    sessions, name = _sessions(spec, backbone, strategy), _row_name(backbone.name, strategy)
    width = spec.sessions_per_shard or len(sessions)
    parts = [tuple(sessions[start : start + width]) for start in range(0, len(sessions), width)]
    if len(parts) == 1:
        return [Shard(name=name, sessions=parts[0])]
    return [Shard(name=f"{name}-{number:03d}", sessions=part) for number, part in enumerate(parts)]


def _sessions(spec: TrainSpec, backbone: Backbone, strategy: Strategy) -> list[Session]:
    return [
        Session(
            id=f"{_row_name(backbone.name, strategy)}-lr{rate:g}-b{batch_size}-r{repeat:02d}",
            backbone=backbone.name,
            weights=backbone.weights,
            strategy=strategy.model_dump(mode="json"),
            learning_rate=rate,
            batch_size=batch_size,
            repeat=repeat,
            epochs=spec.epochs_of(rate, batch_size, backbone.name, strategy),
        )
        for rate, batch_size, repeat in product(spec.learning_rates, spec.batch_sizes, range(spec.repeats))
    ]
