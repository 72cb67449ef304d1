"""The publication of a job's artefact: its name is checked and claimed, it is drafted, and its manifest comes last."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from neurograde.errors import NameTaken, Stopped
from neurograde.runtime.carbon import CarbonMeter
from neurograde.runtime.log import log
from neurograde.runtime.manifests import describe
from neurograde.runtime.up_to_date import UpToDate, Work, keeps_bytes, keeps_revision
from neurograde.specs.base import JobSpec
from neurograde.specs.records import Manifest
from neurograde.specs.revisions import revision_of
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.claim import Claim, sweep
from neurograde.storage.draft import Draft
from neurograde.storage.store import Store


class Publisher(Protocol):
    """A job as far as its publication needs it."""

    @property
    def spec(self) -> JobSpec:
        """The spec."""

    @property
    def home(self) -> Store:
        """The store of the artefact."""

    @property
    def source(self) -> str:
        """Path or URL of the spec, for messages."""

    @property
    def replace(self) -> bool:
        """True: an artefact of the same name may be replaced."""

    @property
    def started(self) -> float:
        """Start of the job, on the monotonic clock."""

    @property
    def meter(self) -> CarbonMeter:
        """Meter of the job's energy."""


@contextmanager
def published(job: Publisher, kind: str, name: str, inputs: Sequence[Artefact], work: Work) -> Iterator[Draft]:
    """Yield a draft of the job's artefact; it is published when the block ends, and removed if the block fails.

    Arguments and errors are those of `Job.publish`; `name` is the artefact's, with its part.
    """
    folder = f"{kind}/{name}"
    try:
        before = _existing(job, folder, work)
    except UpToDate:
        sweep(job.home, folder, work.digest())
        raise
    claim = _claim(job, folder, work)
    try:
        _existing(job, folder, work, before)  # again: the holder of an earlier claim may have published
        draft = Draft(job.home, folder, claim)
        yield draft
        manifest = _manifest(job, kind, name, inputs, work, draft)
        draft.finish(manifest)
    except Stopped:
        claim.leave()  # there is no time to tidy up; the next claim does
        raise
    except BaseException:
        claim.release()
        raise
    log.info(
        f"published {job.home.url}/{folder}: {len(draft.files):,} files",
        extra={"fields": {"artefact": folder, "digest": manifest.digest}},
    )


def _existing(job: Publisher, folder: str, work: Work, before: Manifest | None = None) -> Manifest | None:
    """Return the manifest of the artefact in `folder`, if there is one and it may be replaced.

    Raises:
        UpToDate, NameTaken: It is published, differs from `before`, and must not be replaced.
    """
    existing = read_manifest(job.home, folder)
    if existing is None or existing == before:
        return existing
    url = f"{job.home.url}/{folder}"
    difference = work.difference(existing)
    if (
        difference is None
        and keeps_revision(url, existing, job.spec, replace=job.replace)
        and keeps_bytes(Artefact(job.home, folder, existing), replace=job.replace)
    ):
        raise UpToDate(f"{url} is up to date")
    if f"{existing.kind}/{existing.name}" != folder:
        difference = f"its disk ignores case, and holds {existing.kind}/{existing.name}"
    if difference is not None and not job.replace:
        raise NameTaken(
            f"{job.source}: {folder} in {job.home.url} is taken: {difference}; choose another name, or --replace it"
        )
    return existing


def _claim(job: Publisher, folder: str, work: Work) -> Claim:
    """Claim the artefact in `folder`; NameTaken if other work is in progress there."""
    try:
        return Claim(job.home, folder, work.digest(), replace=job.replace)
    except NameTaken as error:
        raise NameTaken(f"{job.source}: {error}") from None


def _manifest(  # noqa: PLR0917 - in the order of the artefact's identity
    job: Publisher, kind: str, name: str, inputs: Sequence[Artefact], work: Work, draft: Draft
) -> Manifest:
    return describe(
        job.spec,
        kind,
        name,
        draft.files,
        revision=revision_of(job.spec),
        inputs=work.inputs,
        raw=work.raw.records(draft.raw_digests),
        marks=tuple(sorted(draft.marks.union(*(artefact.manifest.marks for artefact in inputs)))),
        features=tuple(draft.features),
        openings=tuple(draft.openings),
        head=draft.head,
        wall_seconds=round(time.monotonic() - job.started, 3),
        carbon=job.meter.stop().model_dump(mode="json"),
    )
