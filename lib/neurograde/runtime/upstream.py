"""What a job reads further to the left than its spec names: a whole grid, and what an artefact was made from."""

from __future__ import annotations

from neurograde.errors import DigestMismatch
from neurograde.runtime.job import Job
from neurograde.runtime.specfile import SpecT
from neurograde.specs.records import InputRecord
from neurograde.storage.artefact import Artefact
from neurograde.storage.run import Run, read_run


def finished_run(job: Job[SpecT], name: str) -> Run:
    """The grid `name`, all shards done.

    Raises:
        MissingUpstream: it is not there, or not done; says how many shards are, and the command that goes on.
    """
    try:
        run = read_run(job.store, name)
    except FileNotFoundError:
        raise job.missing("runs", name) from None
    if run.unfinished:
        raise job.missing("runs", name, f"has {len(run.shards)} of {len(run.grid.shards)} shards done")
    return run


def made_from(job: Job[SpecT], artefact: Artefact, kind: str) -> Artefact:
    """The upstream artefact of `kind` that `artefact` was made from, in the very state in which it was read.

    Raises:
        MissingUpstream: it is gone.
        DigestMismatch: another artefact stands under its name by now; both digests are named.
    """
    record: InputRecord = artefact.input(kind)
    found = job.upstream(kind, record.name)
    if found.manifest.digest != record.digest:
        raise DigestMismatch(
            f"{artefact.url} was made from {kind}/{record.name} of digest {record.digest}, "
            f"which now has {found.manifest.digest}: make {artefact.folder} again, or put the old {kind} back"
        )
    return found
