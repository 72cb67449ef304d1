"""The grid of a train job: read or published, and the shards that this process trains."""

from __future__ import annotations

import os

from neurograde.errors import NameTaken, SpecError, UsageError
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.up_to_date import Work, keeps_bytes, keeps_revision
from neurograde.specs.grid import expand, rows
from neurograde.specs.records import Grid, Shard
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import MANIFEST, Artefact, parse_record, read_manifest
from neurograde.storage.claim import ABANDONED_AFTER_SECONDS, seconds_since
from neurograde.storage.journal import Journal
from neurograde.storage.raw import RawInputs, read_url, stat_url
from neurograde.storage.run import read_run
from neurograde.storage.series import COMMITS
from neurograde.storage.store import Store

ROW, INDEX = "NEUROGRADE_ROW", "JOB_COMPLETION_INDEX"


def is_pod() -> bool:
    """Return True in a pod of an Indexed Job."""
    return INDEX in os.environ


def require_staged_weights(job: Job[TrainSpec]) -> None:
    """Check that a pod of the cluster finds torchvision's weights in the store: a thousand must not download them.

    Raises:
        MissingUpstream: They are not there; the message has the command that stages them.
    """
    if is_pod():
        for backbone in job.spec.backbones:
            if backbone.is_enum:
                job.upstream("weights", backbone.staged_name)


def existing_grid(job: Job[TrainSpec], dataset: Artefact) -> Grid | None:
    """Return the grid of this name, or None. With `--replace`, another's or an outdated one is removed.

    Another's without a single commit is removed in any case: nothing is lost with it.

    Raises:
        NameTaken: It was made from another spec, data set or weights; what differs is named.
        SpecError: A file of weights does not exist.
    """
    folder = f"runs/{job.spec.name}"
    key = f"{folder}/grid.json"
    try:
        grid = parse_record(Grid, job.store.get(key), f"{job.store.url}/{key}")
    except FileNotFoundError:
        return None
    difference = Work(job.spec, (dataset.as_input(),), weight_files(job.spec)).difference(grid)
    if difference is None and keeps_revision(f"{job.store.url}/{folder}", grid, job.spec, replace=job.replace):
        return grid
    if difference is not None and not job.replace:
        if not is_unused(job.store, grid):
            raise NameTaken(
                f"{job.source}: {folder} in {job.store.url} is taken: {difference}; "
                "choose another name, or --replace it"
            )
        log.warning(f"{job.store.url}/{folder} is replaced: no epoch of it was committed; {difference}")
    job.store.clear(folder)
    return None


def is_unused(store: Store, grid: Grid) -> bool:
    """Return True if no shard of the grid has a commit or a manifest, and no attempt may still come to one."""
    for shard in grid.shards:
        folder = f"runs/{grid.name}/{shard.name}"
        if store.exists(f"{folder}/{MANIFEST}") or any(store.list(f"{folder}/{COMMITS.folder}")):
            return False
        journal = Journal(store, folder)
        statuses = journal.statuses()
        for attempt in journal.attempts():
            status = statuses.get(attempt.attempt)
            heard = min(seconds_since(at) for at in (attempt.claimed_at, status.at if status else attempt.claimed_at))
            if (status is None or status.ended is None) and heard < ABANDONED_AFTER_SECONDS:
                return False
    return True


def publish_grid(job: Job[TrainSpec], dataset: Artefact) -> Grid:
    """Expand the spec and write grid.json, unless another process of the same grid just has."""
    inputs, marks = (dataset.as_input(),), dataset.manifest.marks
    grid = expand(job.spec, inputs, weight_files(job.spec).records({}), marks)
    try:
        job.store.create(f"runs/{job.spec.name}/grid.json", grid.encode())
    except FileExistsError:
        existing = existing_grid(job, dataset)
        assert existing is not None
        return existing
    sessions = sum(len(shard.sessions) for shard in grid.shards)
    log.info(f"grid {job.spec.name}: {sessions:,} sessions in {len(grid.shards):,} shards")
    return grid


def unfinished_shards(job: Job[TrainSpec], grid: Grid) -> list[Shard]:
    """Return the unfinished shards that this process trains.

    Two variables name the shard of a pod: NEUROGRADE_ROW is the row of the grid (a backbone and strategy) that its Job
    trains, JOB_COMPLETION_INDEX the number of the shard in that row, or in the whole grid without a row. Without
    them, this process trains all shards.

    Raises:
        UsageError: The grid has no such row, or the row no shard of that number.
    """
    shards, where = list(grid.shards), f"the grid {grid.name}"
    row, index = os.environ.get(ROW), os.environ.get(INDEX)
    if row is not None:
        by_row = rows(shards)
        if row not in by_row:
            raise UsageError(f"{ROW}={row}: {where} has rows {', '.join(by_row)}")
        shards, where = by_row[row], f"row {row} of {where}"
    if index is not None:
        if not (index.isascii() and index.isdigit() and len(index) < 10) or int(index) >= len(shards):
            raise UsageError(f"{INDEX}={index}: {where} has shards 0 to {len(shards) - 1}")
        shards = [shards[int(index)]]
    return [shard for shard in shards if not _done(job, f"runs/{grid.name}/{shard.name}")]


def _done(job: Job[TrainSpec], folder: str) -> bool:
    """Return True if the shard is published. With `--replace`, a damaged one is withdrawn, to be published again."""
    manifest = read_manifest(job.store, folder)
    if manifest is None:
        return False
    if not keeps_bytes(Artefact(job.store, folder, manifest), replace=job.replace):
        job.store.delete(f"{folder}/{MANIFEST}")
        return False
    return True


def is_trained(job: Job[TrainSpec], dataset: Artefact) -> bool:
    """Return True if every shard of the spec's grid is published, made from this spec, data set and weights."""
    try:
        run = read_run(job.store, job.spec.name)
    except FileNotFoundError:
        return False
    difference = Work(job.spec, (dataset.as_input(),), weight_files(job.spec)).difference(run.grid)
    return difference is None and not run.unfinished


def weight_files(spec: TrainSpec) -> RawInputs:
    """Return the weights given by URL; those of torchvision are identified by their name, which is in the spec."""
    urls = [backbone.weights for backbone in spec.backbones if backbone.weights != "none" and not backbone.is_enum]
    files = {}
    for url in urls:
        try:
            files[url] = stat_url(url)
        except FileNotFoundError:
            raise SpecError(f"backbones: weights {url!r}: no such file; accepted are none, a URL, a name") from None
    return RawInputs(files, read_url)
