"""Artefacts further upstream than a spec names: a whole grid, and the inputs of an artefact."""

from __future__ import annotations

from neurograde.errors import DigestMismatch
from neurograde.runtime.job import Job
from neurograde.runtime.specfile import SpecT
from neurograde.specs.records import InputRecord
from neurograde.storage.artefact import Artefact
from neurograde.storage.run import Run, read_run


def finished_run(job: Job[SpecT], name: str) -> Run:
    """Return the grid `name`, with all shards done.

    Raises:
        MissingUpstream: It does not exist or is unfinished; the message has the number of shards done and the command
            that continues.
    """
    try:
        run = read_run(job.store, name)
    except FileNotFoundError:
        raise job.missing("runs", name) from None
    if run.unfinished:
        raise job.missing("runs", name, f"has {len(run.shards)} of {len(run.grid.shards)} shards done")
    return run


def made_from(job: Job[SpecT], artefact: Artefact, kind: str) -> Artefact:
    """Return the artefact of `kind` that `artefact` was made from, in the very state in which it was read.

    Raises:
        MissingUpstream: It is gone.
        DigestMismatch: Another artefact has its name by now; both digests are named.
    """
    record: InputRecord = artefact.input(kind)
    upstream = job.upstream(kind, record.name)
    if upstream.manifest.digest != record.digest:
        raise DigestMismatch(
            f"{artefact.url} was made from {kind}/{record.name} of digest {record.digest}, "
            f"which now has {upstream.manifest.digest}: make {artefact.folder} again, or put the old {kind} back"
        )
    return upstream
