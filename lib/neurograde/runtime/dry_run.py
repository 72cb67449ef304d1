"""The outline of a job: what it would read, make and skip. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from neurograde.errors import MissingUpstream, NameTaken
from neurograde.runtime import invocation
from neurograde.runtime.job import Job
from neurograde.specs.catalogue import BY_NAME
from neurograde.specs.changes import changes
from neurograde.specs.grid import expand
from neurograde.specs.references import files, upstreams
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import read_manifest
from neurograde.storage.raw import url_exists
from neurograde.storage.run import read_run
from neurograde.storage.store import Store

DIGITS = 12
"""Digits of a digest in a line."""
WITHOUT_A_NAME = {
    "features": "features/: the output of each frozen trunk of the spec, once per sample; what is there is kept",
    "review": "reviews/{name}: the decisions on a page that this command serves",
    "predict": "predictions/{name}/: an artefact per image; those that are there are kept",
}
"""Lines of jobs that do not make one artefact of the spec's name."""


def outline(name: str, job: Job[Any]) -> Iterator[str]:
    """Yield what the job `name` would read, make and skip, a line each.

    Raises:
        MissingUpstream: After the last line: an upstream artefact is missing; with the command that makes it.
        NameTaken: After the last line: another spec's work has the name, or that of other inputs.
    """
    missing: list[str] = []
    current = set()
    for kind, upstream in (pair for _, *pair in upstreams(job.spec) if pair[0] in BY_NAME[name].reads):
        digest = digest_of(job.store, kind, upstream)
        yield f"reads  {kind}/{upstream}: {f'digest {digest[:DIGITS]}…' if digest else 'missing'}"
        if digest is None:
            missing += job.missing(kind, upstream).args
        else:
            current.add((kind, digest))
    for path, url in files(job.spec):
        yield f"reads  {url} ({path}): {'there' if url_exists(url) else 'missing'}"
    yield from _results(name, job, current)
    if missing:
        raise MissingUpstream(*missing)


def digest_of(store: Store, kind: str, name: str) -> str | None:
    """Return the digest of a finished artefact of the store, or None where there is none."""
    if kind == "runs":
        try:
            run = read_run(store, name)
        except FileNotFoundError:
            return None
        return None if run.unfinished else run.artefact().manifest.digest
    if kind in BY_NAME["review"].appends:
        return "of its decisions" if any(store.list(f"{kind}/{name}")) else None
    manifest = read_manifest(store, f"{kind}/{name}")
    return manifest.digest if manifest is not None else None


def _results(name: str, job: Job[Any], current: set[tuple[str, str]]) -> Iterator[str]:
    """Yield what the job would make, keep and add to."""
    spec = job.spec
    if name in WITHOUT_A_NAME:
        yield f"makes  {WITHOUT_A_NAME[name].format(name=spec.name)}"
    elif name == "stage" and isinstance(spec, TrainSpec):
        for backbone in spec.backbones:
            if backbone.is_enum:
                there = job.store.exists(f"weights/{backbone.staged_name}/manifest.json")
                yield f"{'skips ' if there else 'makes '} weights/{backbone.staged_name}"
    elif isinstance(spec, TrainSpec):
        yield from _grid(spec, job)
    else:
        yield from _artefact(BY_NAME[name].writes[0], job, current)
    for kind in BY_NAME[name].appends:
        if kind == "ledgers":
            yield "adds   ledgers/: a record, before the test set is opened"


def _grid(spec: TrainSpec, job: Job[Any]) -> Iterator[str]:
    grid = expand(spec, ())
    sessions = [session for shard in grid.shards for session in shard.sessions]
    epochs = sum(session.epochs for session in sessions)
    try:
        run = read_run(job.store, spec.name)
        done = len(run.shards)
        difference = changes(run.grid.spec, spec) if run.grid.spec_digest != spec.digest() else ""
    except FileNotFoundError:
        done, difference = 0, ""
    if difference and not job.replace:
        yield f"meets  runs/{spec.name} of another spec: {difference}"
        return
    total = f"{len(sessions):,} sessions of {epochs:,} epochs in all, in {len(grid.shards):,} shards"
    yield f"{'skips ' if done == len(grid.shards) else 'makes '} runs/{spec.name}: {total}, {done:,} done"
    yield f"plans  {invocation.shown('grid', job.source, '--plan')} prints time, energy and cost"


def _artefact(kind: str, job: Job[Any], current: set[tuple[str, str]]) -> Iterator[str]:
    """Yield the line of the one artefact that the job makes; raise NameTaken if it may not."""
    folder = f"{kind}/{job.spec.name}"
    existing = read_manifest(job.home, folder)
    if existing is None:
        yield f"makes  {folder}"
        return
    recorded = {(record.kind, record.digest) for record in existing.inputs}
    changed = sorted(kind for kind, digest in current if kind != "reviews" and (kind, digest) not in recorded)
    difference = changes(existing.spec, job.spec) if existing.spec_digest != job.spec.digest() else ""
    if not difference and not changed:
        yield f"skips  {folder}: it is made from this spec and these artefacts; files from outside are not compared"
        return
    reason = f"it was made by another spec: {difference}" if difference else f"other {', '.join(changed)} made it"
    if not job.replace:
        raise NameTaken(
            f"{job.source}: {folder} in {job.home.url} is taken: {reason}; choose another name, or --replace it"
        )
    yield f"makes  {folder} again: {reason}"


def results_only(name: str, job: Job[Any]) -> Iterator[str]:
    """Yield the lines of `outline` on what would be made and skipped, whether or not its upstreams are there yet."""
    with suppress(MissingUpstream, NameTaken):
        yield from (line for line in outline(name, job) if not line.startswith("reads"))
