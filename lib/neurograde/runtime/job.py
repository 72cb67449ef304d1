"""A job from its command line to its exit code.

    @job(AugmentSpec)
    def augment(job: Job[AugmentSpec]) -> None: ...

    if __name__ == "__main__":
        sys.exit(augment.main())

`main` reads the arguments and the spec, opens the store, runs the body and turns what it raises into the exit
code of the contract (`neurograde.errors`). The body gets a `Job`: the spec, the store, and the three things that
every job does with artefacts (find what it reads, see that its own is up to date, publish it).
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Generic, NoReturn

from neurograde.errors import DigestMismatch, MissingUpstream, NameTaken, NeurogradeError, Stopped, UsageError
from neurograde.runtime import specfile
from neurograde.runtime.carbon import CarbonMeter
from neurograde.runtime.log import log, set_up
from neurograde.runtime.machine import machine_facts, software_versions
from neurograde.runtime.specfile import SpecT
from neurograde.specs.catalogue import maker_of
from neurograde.specs.records import Grid, InputRecord, Manifest
from neurograde.specs.revisions import outdated, revision_of
from neurograde.storage.artefact import Artefact, Draft, read_manifest
from neurograde.storage.raw import RawInputs
from neurograde.storage.store import Store

LAST_WORDS, MESSAGE_BYTES = "NEUROGRADE_LAST_WORDS", 4096
SECONDS_TO_ASK_AGAIN = 0.01


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
            f"make it with: python -m jobs.{maker.name} {spec}"
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
            NameTaken: it stands, made from others, and `replace` is off.
        """
        folder = f"{kind}/{self.spec.name}"
        records = (*(each.as_input() for each in inputs), *grown)
        raw = raw or RawInputs()
        existing = read_manifest(self.home, folder)
        if existing is not None:
            difference = self.difference(existing, records, raw)
            if (
                difference is None
                and self.keeps(folder, existing)
                and self.stands(Artefact(self.home, folder, existing))
            ):
                raise UpToDate(f"{self.home.url}/{folder} is up to date")
            if difference is not None and not self.replace:
                raise NameTaken(
                    f"{self.source}: {folder} in {self.home.url} is taken: {difference}; "
                    "choose another name, or --replace it"
                )
        draft = Draft(self.home, folder)
        try:
            yield draft
        except Stopped:
            raise  # there is no time to tidy up; the next attempt does
        except BaseException:
            draft.abandon()
            raise
        marks = draft.marks.union(*(each.manifest.marks for each in inputs))
        manifest = Manifest(
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
        draft.finish(manifest)
        log.info(
            f"published {self.home.url}/{folder}: {len(draft.files):,} files",
            extra={"fields": {"artefact": folder, "digest": manifest.digest}},
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


@dataclass(frozen=True)
class Entry(Generic[SpecT]):
    """A job that can be run: its spec model and its body."""

    model: type[SpecT]
    body: Callable[[Job[SpecT]], None]
    elsewhere: bool = False
    """Whether its artefact may go into another store than the one that it reads, with `--into`."""

    def main(self, argv: Sequence[str] | None = None) -> int:
        """Run the job with the arguments `argv` (the process's own when not given); returns the exit code."""
        name = self.body.__name__
        set_up(name)
        try:
            with sigterm_stops():
                arguments = self._arguments(argv)
                data = specfile.load(arguments.spec, arguments.set, arguments.store)
                spec = specfile.validate(self.model, data, arguments.spec)
                into = (
                    Store(specfile.check_store_option("--into", arguments.into))
                    if self.elsewhere and arguments.into
                    else None
                )
                self.body(Job(spec, Store(spec.store), arguments.spec, arguments.replace, into))
        except UpToDate as done:
            log.info(str(done))
        except (NeurogradeError, Stopped) as error:
            for line in str(error).splitlines():
                log.error(line, extra={"fields": {"exit_code": error.exit_code}})
            leave_message(str(error), error.exit_code)
            return error.exit_code
        except KeyboardInterrupt:
            log.error("interrupted")
            return Stopped.exit_code
        except Exception as error:
            log.exception(f"a bug in neurograde {name}; please report it with this traceback")
            leave_message(f"a bug in neurograde {name}: {type(error).__name__}: {error}", NeurogradeError.exit_code)
            return NeurogradeError.exit_code
        return 0

    def _arguments(self, argv: Sequence[str] | None) -> argparse.Namespace:
        module = sys.modules[self.body.__module__]
        parser = Parser(
            prog=f"python -m jobs.{self.body.__name__}",
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument("spec", metavar="SPEC", help="path or URL of the job's YAML spec")
        parser.add_argument("--store", metavar="URL", help="use this store instead of the spec's")
        parser.add_argument("--set", metavar="KEY.PATH=VALUE", action="append", default=[], help="override a field")
        parser.add_argument("--replace", action="store_true", help="replace an artefact of the same name")
        if self.elsewhere:
            parser.add_argument("--into", metavar="URL", help="write into this store, and only read the spec's")
        return parser.parse_args(argv)


def job(model: type[SpecT], *, elsewhere: bool = False) -> Callable[[Callable[[Job[SpecT]], None]], Entry[SpecT]]:
    """Make a function of a `Job` a job that reads specs of `model`; `elsewhere`: one that knows `--into`."""
    return lambda body: Entry(model, body, elsewhere)


def leave_message(text: str, exit_code: int) -> None:
    """Write why the process ends where the cluster looks for it (`kubectl describe pod`), if it says where.

    NEUROGRADE_LAST_WORDS is the path; Kubernetes keeps 4096 bytes of the file.
    """
    path = os.environ.get(LAST_WORDS)
    if path:
        message = f"exit {exit_code}: {text}".encode()
        with suppress(OSError):  # nothing depends on it
            Path(path).write_bytes(message if len(message) <= MESSAGE_BYTES else message[: MESSAGE_BYTES - 3] + b"...")


def sibling_spec(source: str, maker: str, name: str | None = None) -> str | None:
    """The spec beside `source` that makes `name` (or anything) with the job `maker`, if one is on the local disk."""
    folder = Path(source).parent
    for path in sorted(folder.glob("*.yaml")) if Path(source).is_file() else []:
        data = specfile.read_yaml(str(path))
        if data.get("job") == maker and name in (None, data.get("name")):
            return str(path)
    return None


@contextmanager
def sigterm_stops() -> Iterator[None]:
    """Turn SIGTERM into `Stopped`, raised in the main thread wherever it is, as long as the block runs.

    Where that is a callback of a weak reference or a `__del__`, the interpreter reports what is raised and goes on as
    if nothing had happened: the request is made again a moment later.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Stopped("asked to stop (SIGTERM); run the same command again to go on")

    def unraised(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, Stopped):
            signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_ASK_AGAIN)  # takes no lock, that the thread may hold here
        else:
            report(lost)

    report, sys.unraisablehook = sys.unraisablehook, unraised
    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGALRM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for each, handler in before.items():
            signal.signal(each, handler)
        sys.unraisablehook = report


class Parser(argparse.ArgumentParser):
    """Usage errors leave through the error tree, with exit code 64 instead of argparse's 2."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with `message` and how the job is called."""
        raise UsageError(f"{message}; usage: {' '.join(self.format_usage().split()[1:])}")
