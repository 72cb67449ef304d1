"""The object that the body of a job works with: its spec, its store, and the artefacts that it reads and makes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Generic

from neurograde.errors import MissingUpstream
from neurograde.runtime import invocation
from neurograde.runtime.carbon import CarbonMeter
from neurograde.runtime.publication import published
from neurograde.runtime.spec_folder import sibling_spec
from neurograde.runtime.specfile import SpecT
from neurograde.runtime.up_to_date import Work
from neurograde.specs.catalogue import maker_of
from neurograde.specs.records import InputRecord
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.draft import Draft
from neurograde.storage.raw import RawInputs
from neurograde.storage.store import Store


@dataclass
class Job(Generic[SpecT]):
    """A run of a job: the argument of its body."""

    spec: SpecT
    """The spec of the job."""
    store: Store
    """The store that it reads."""
    source: str = "the spec"
    """Path or URL of the spec, for messages."""
    replace: bool = False
    """True if an artefact of the same name may be replaced."""
    into: Store | None = None
    """The store for its own artefact, if that is another than the one that it reads."""
    meter: CarbonMeter = field(init=False)
    """Energy since the job began."""
    started: float = field(default_factory=time.monotonic)
    """Start of the job, on the monotonic clock."""

    def __post_init__(self) -> None:
        # Only jobs with a device can use a GPU; the others must not be charged for an idle one.
        self.meter = CarbonMeter(self.spec.region, uses_gpu=getattr(self.spec, "device", "cpu") != "cpu")

    @property
    def home(self) -> Store:
        """The store that the artefact is written to."""
        return self.into or self.store

    def upstream(self, kind: str, name: str) -> Artefact:
        """Return the finished artefact `name` of `kind`.

        Raises:
            MissingUpstream: It does not exist; the message has the command that makes it.
        """
        folder = f"{kind}/{name}"
        manifest = read_manifest(self.store, folder)
        if manifest is None:
            raise self.missing(kind, name)
        return Artefact(self.store, folder, manifest)

    def missing(self, kind: str, name: str, state: str = "is not") -> MissingUpstream:
        """Return the error that names the command for an artefact that is missing, or unfinished."""
        maker = maker_of(kind)
        if maker.is_ahead:
            spec = self.source
        else:
            spec = sibling_spec(self.source, maker.name, name) or f"SPEC   (a {maker.name} spec with name: {name})"
        return MissingUpstream(
            f"{self.source}: {kind}/{name} {state} in {self.store.url}; "
            f"make it with: {invocation.shown(maker.name, spec)}"
        )

    def publish(
        self,
        kind: str,
        inputs: Sequence[Artefact] = (),
        raw: RawInputs | None = None,
        grown: Sequence[InputRecord] = (),
        part: str | None = None,
    ) -> AbstractContextManager[Draft]:
        """Return a draft of this job's artefact, as a context: it is published when the block ends without an error.

        Args:
            kind: Folder of the store that holds the artefact.
            inputs: The artefacts that it is made from.
            raw: The files from outside that it is made from.
            grown: Other inputs, which have no manifest because they grow: a review.
            part: Folder below the spec's name, where a job makes several artefacts under it.

        Raises:
            UpToDate: The artefact exists, made from this spec and these inputs; with `replace`, it is whole, too.
            NameTaken: It exists or is being made, from others, and `replace` is off.
            Fenced: Another job has claimed it meanwhile.
        """
        records = (*(artefact.as_input() for artefact in inputs), *grown)
        name = self.spec.name if part is None else f"{self.spec.name}/{part}"
        return published(self, kind, name, inputs, Work(self.spec, records, raw or RawInputs()))
