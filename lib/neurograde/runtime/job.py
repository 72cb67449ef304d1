"""What the body of a job works with: its spec, its store, the artefacts that it reads, and the one that it makes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic

from neurograde.errors import DigestMismatch, MissingUpstream, NameTaken, Stopped
from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.runtime import invocation
from neurograde.runtime.carbon import CarbonMeter
from neurograde.runtime.log import log
from neurograde.runtime.machine import machine_facts, software_versions
from neurograde.runtime.specfile import SpecT, sibling_spec
from neurograde.specs.catalogue import maker_of
from neurograde.specs.records import Grid, InputRecord, Manifest
from neurograde.specs.revisions import outdated, revision_of
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.claim import Claim, sweep
from neurograde.storage.draft import Draft
from neurograde.storage.raw import RawInputs
from neurograde.storage.store import Store


class UpToDate(Exception):
    """The artefact stands, made from this very spec and these very inputs."""


@dataclass
class Job(Generic[SpecT]):
    """What the body of a job works with."""

    spec: SpecT
    """What it is asked to do."""
    store: Store
    """Where the artefacts are."""
    source: str = "the spec"
    """Path or URL of the spec, for messages."""
    replace: bool = False
    """Whether an artefact of the same name may be replaced by another."""
    into: Store | None = None
    """Where its own artefact goes, if not beside what it reads."""
    meter: CarbonMeter = field(init=False)
    """Energy since the job began."""
    started: float = field(default_factory=time.monotonic)
    """When the job began, on the monotonic clock."""

    def __post_init__(self) -> None:
        # Only jobs with a device can use a GPU; the others must not be charged for one that stands by.
        self.meter = CarbonMeter(self.spec.region, uses_gpu=getattr(self.spec, "device", "cpu") != "cpu")

    @property
    def home(self) -> Store:
        """The store that its own artefact is in, or will be."""
        return self.into or self.store

    def upstream(self, kind: str, name: str) -> Artefact:
        """The finished artefact `name` of `kind`.

        Raises:
            MissingUpstream: there is none; the message holds the command that makes it.
        """
        folder = f"{kind}/{name}"
        manifest = read_manifest(self.store, folder)
        if manifest is None:
            raise self.missing(kind, name)
        return Artefact(self.store, folder, manifest)

    def missing(self, kind: str, name: str, state: str = "is not") -> MissingUpstream:
        """The error that says which command makes the artefact that is not there, or not whole."""
        maker = maker_of(kind)
        if maker.is_ahead:
            spec = self.source
        else:
            spec = sibling_spec(self.source, maker.name, name) or f"SPEC   (a {maker.name} spec with name: {name})"
        return MissingUpstream(
            f"{self.source}: {kind}/{name} {state} in {self.store.url}; "
            f"make it with: {invocation.shown(maker.name, spec)}"
        )

    @contextmanager
    def publish(
        self,
        kind: str,
        inputs: Sequence[Artefact] = (),
        raw: RawInputs | None = None,
        grown: Sequence[InputRecord] = (),
    ) -> Iterator[Draft]:
        """A draft of this job's artefact; it is published when the block ends, and removed if the block fails.

        Args:
            kind: Folder of the store that holds it.
            inputs: The artefacts that it is made from.
            raw: The files from outside that it is made from.
            grown: What else it is made from that has no manifest, since it grows: a review.

        Raises:
            UpToDate: the artefact stands, made from this spec and these inputs; with `replace`, whole as well.
            NameTaken: it stands or is being made, from others, and `replace` is off.
            Fenced: another job has claimed it meanwhile.
        """
        folder = f"{kind}/{self.spec.name}"
        records = (*(each.as_input() for each in inputs), *grown)
        raw = raw or RawInputs()
        work = self._work(records, raw)
        try:
            before = self._check_name(folder, records, raw)
        except UpToDate:
            sweep(self.home, folder, work)
            raise
        claim = self._claim(folder, work)
        try:
            self._check_name(folder, records, raw, before)  # again: who had the claim may have published
            draft = Draft(self.home, folder, claim)
            yield draft
            manifest = self._manifest(kind, inputs, records, raw, draft)
            draft.finish(manifest)
        except Stopped:
            claim.leave()  # there is no time to tidy up; the next claim does
            raise
        except BaseException:
            claim.release()
            raise
        log.info(
            f"published {self.home.url}/{folder}: {len(draft.files):,} files",
            extra={"fields": {"artefact": folder, "digest": manifest.digest}},
        )

    def _check_name(
        self, folder: str, records: tuple[InputRecord, ...], raw: RawInputs, before: Manifest | None = None
    ) -> Manifest | None:
        """Return the manifest of the artefact in `folder`, if there is one and it may be replaced.

        Raises:
            UpToDate, NameTaken: It is published, not as it was `before`, and not to be replaced.
        """
        existing = read_manifest(self.home, folder)
        if existing is None or existing == before:
            return existing
        difference = self.difference(existing, records, raw)
        if difference is None and self.keeps(folder, existing) and self.stands(Artefact(self.home, folder, existing)):
            raise UpToDate(f"{self.home.url}/{folder} is up to date")
        if existing.name != self.spec.name:
            difference = f"its disk ignores case, and holds {existing.kind}/{existing.name}"
        if difference is not None and not self.replace:
            raise NameTaken(
                f"{self.source}: {folder} in {self.home.url} is taken: {difference}; "
                "choose another name, or --replace it"
            )
        return existing

    def _work(self, records: tuple[InputRecord, ...], raw: RawInputs) -> str:
        """Return the digest of what is to be made: the spec, the inputs, and the sizes of files from outside."""
        made_from = [[record.kind, record.digest] for record in records]
        files = [[name, file.size] for name, file in sorted(raw.files.items())]
        return sha256_hex(canonical_json([self.spec.digest(), made_from, files]))

    def _claim(self, folder: str, work: str) -> Claim:
        """Claim the artefact in `folder`; NameTaken if other work is under way there."""
        try:
            return Claim(self.home, folder, work, replace=self.replace)
        except NameTaken as error:
            raise NameTaken(f"{self.source}: {error}") from None

    def _manifest(
        self, kind: str, inputs: Sequence[Artefact], records: tuple[InputRecord, ...], raw: RawInputs, draft: Draft
    ) -> Manifest:
        marks = draft.marks.union(*(each.manifest.marks for each in inputs))
        return Manifest(
            kind=kind,
            name=self.spec.name,
            job=self.spec.job,
            spec=self.spec.model_dump(mode="json"),
            spec_digest=self.spec.digest(),
            revision=revision_of(self.spec),
            inputs=records,
            raw=raw.records(draft.raw_digests),
            files=dict(sorted(draft.files.items())),
            marks=tuple(sorted(marks)),
            features=tuple(draft.features),
            software=software_versions(),
            machine=machine_facts().model_dump(mode="json"),
            wall_seconds=round(time.monotonic() - self.started, 3),
            carbon=self.meter.stop().model_dump(mode="json"),
        )

    def keeps(self, folder: str, existing: Manifest | Grid) -> bool:
        """Return False if an earlier revision made the artefact or grid and `replace` asks for today's.

        Without `replace`, what an earlier revision made is kept, with a warning that says what has changed since.
        """
        note = outdated(existing.revision, self.spec)
        if note is None:
            return True
        what = "is made again" if self.replace else "is kept; --replace makes it again"
        log.warning(f"{self.home.url}/{folder} was {note}. It {what}", extra={"fields": {"artefact": folder}})
        return not self.replace

    def stands(self, artefact: Artefact) -> bool:
        """Whether a finished artefact need not be made again: its readers see to its bytes, but `replace` asks for it.

        So that what is damaged can be made again with `--replace`, and what is whole is not.
        """
        if not self.replace:
            return True
        try:
            artefact.verify()
        except DigestMismatch as error:
            log.warning(str(error))
            return False
        return True

    def difference(self, existing: Manifest | Grid, inputs: tuple[InputRecord, ...], raw: RawInputs) -> str | None:
        """In what the artefact or grid that stands differs from the one asked for: None if in nothing."""
        if existing.spec_digest != self.spec.digest():
            return f"it was made by a spec of digest {existing.spec_digest}, this spec has {self.spec.digest()}"
        # By place: a job may read several artefacts of one kind, and names do not count.
        for place, now in enumerate(inputs):
            was = existing.inputs[place] if place < len(existing.inputs) else None
            if was is None or (was.kind, was.digest) != (now.kind, now.digest):
                made_from = was.digest if was else "none"
                return f"it was made from {now.kind} of digest {made_from}, {now.kind}/{now.name} now has {now.digest}"
        return raw.difference(existing.raw)
