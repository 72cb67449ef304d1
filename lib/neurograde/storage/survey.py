"""The contents of a store, from its listing and its records: which record names which file, and which are whole."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from neurograde.errors import DataError
from neurograde.maths.digest import sha256_hex
from neurograde.specs.base import Record
from neurograde.specs.catalogue import KINDS, WITHOUT_MANIFEST
from neurograde.specs.records import Attempt, Commit, Decision, FileRecord, Grid, Manifest, Opening, Status
from neurograde.storage.artefact import parse_record
from neurograde.storage.store import TRANSFERS, Store

LARGE = 64 * 2**20  # bytes; objects from here on are read one at a time, so that memory stays bounded

SHARD = r"runs/[^/]+/[^/]+"
RECORDS: tuple[tuple[str, type[Record] | None], ...] = (
    (r"[^/]+/.+/manifest\.json", Manifest),
    (r"runs/[^/]+/grid\.json", Grid),
    (rf"{SHARD}/attempts/\d+\.json", Attempt),
    (rf"{SHARD}/(commits|agreements|conflicts)/e\d+[^/]*\.json", Commit),
    (rf"{SHARD}/status/a\d+\.json", Status),
    (rf"{SHARD}/[^/]+/[^/]+\.json", None),  # the journal's too, but nothing depends on it
    (r"ledgers/[0-9a-f]{64}/\d+\.json", Opening),
    (r"ledgers/[0-9a-f]{64}/images\.json", None),
    (r"reviews/[^/]+/[0-9a-f]{16}/[^/]+-\d+\.json", Decision),
)
"""Models of records by a pattern of their keys, of which the first that fits holds; None for records not read."""


@dataclass(frozen=True)
class Remedy:
    """A way to mend an artefact: the job that makes it again."""

    kind: str
    """Kind of the artefact to make."""
    name: str
    """Name in the spec that makes it: the artefact's, or the grid's for its shards and features."""
    job: str | None = None
    """The job that makes it; by default that of its kind."""
    spec: str | None = None
    """The job whose spec it reads, if that is another."""
    replace: bool = False
    """True if the job must be told to replace the present artefact."""
    delete: str | None = None
    """The object that must be deleted first."""


@dataclass(frozen=True)
class Finding:
    """A fault in the store."""

    where: str
    """Key or folder in the store."""
    what: str
    """Description of the fault."""
    remedy: Remedy | None
    """Remedy, or None if there is none."""


@dataclass(frozen=True)
class Named:
    """A file that a record names."""

    file: FileRecord
    """Size and digest in the record."""
    remedy: Remedy
    """Remedy if it is damaged."""
    passing: bool
    """True if its owner may delete it at any time, as a trainer does with its older checkpoints."""


@dataclass
class Survey:
    """The contents of a store, and their faults."""

    store: Store
    """The store."""
    listing: dict[str, int]
    """Size of every object, by key."""
    manifests: dict[str, Manifest] = field(default_factory=dict)
    """Every artefact, by folder."""
    grids: dict[str, Grid] = field(default_factory=dict)
    """Every grid, by folder."""
    commits: dict[str, list[Commit]] = field(default_factory=lambda: defaultdict(list))
    """Every committed epoch, by folder of its shard."""
    events: dict[str, dict[int, Record]] = field(default_factory=lambda: defaultdict(dict))
    """Records of series that grow, by folder and number."""
    files: dict[str, Named] = field(default_factory=dict)
    """Every file that a record names and that has the right size, by key."""
    referenced: set[str] = field(default_factory=set)
    """Keys of the records, and those that they name."""
    broken: list[Finding] = field(default_factory=list)
    """Objects that contradict their record."""
    unfinished: list[Finding] = field(default_factory=list)
    """Grids with shards to be trained."""
    outdated: list[Finding] = field(default_factory=list)
    """Artefacts and grids that an earlier revision of their job made: whole, and in use."""

    def add(self, key: str, record: Record) -> None:
        """Add the record of `key`."""
        folder, _, name = key.removesuffix(".json").rpartition("/")
        if isinstance(record, Manifest):
            self.manifests[folder] = record
        elif isinstance(record, Grid):
            self.grids[folder] = record
        elif isinstance(record, Commit) and folder.endswith("/commits"):
            self.commits[folder.removesuffix("/commits")].append(record)
        elif isinstance(record, Opening):
            self.events[folder][int(name)] = record
        elif isinstance(record, Decision):
            reviewer, _, number = name.rpartition("-")
            self.events[f"{folder}/{reviewer}"][int(number)] = record

    def expect(self, key: str, file: FileRecord, remedy: Remedy, *, passing: bool = False) -> None:
        """Note that a record names the file, and compare it with the listing."""
        self.referenced.add(key)
        if key not in self.listing:
            self.broken.append(Finding(key, "is gone, though its record names it", remedy))
        elif self.listing[key] != file.size:
            what = f"has {self.listing[key]:,} bytes, its record says {file.size:,}"
            self.broken.append(Finding(key, what, remedy))
        else:
            self.files[key] = Named(file, remedy, passing)

    def check_files(self, advance: Callable[[int], None]) -> None:
        """Read every named file and compare it with its digest; `advance` takes the number of files just done."""
        small = [key for key in self.files if self.listing[key] < LARGE]
        large = [key for key in self.files if self.listing[key] >= LARGE]
        with ThreadPoolExecutor(TRANSFERS) as pool:
            for keys, digests in ((small, pool.map(self._digest, small)), (large, map(self._digest, large))):
                for key, digest in zip(keys, digests, strict=True):
                    self._compare(key, self.files[key], digest)
                    advance(1)

    def _digest(self, key: str) -> str | None:
        try:
            return sha256_hex(self.store.get(key))
        except FileNotFoundError:
            return None

    def _compare(self, key: str, named: Named, digest: str | None) -> None:
        if digest is None and not named.passing:
            self.broken.append(Finding(key, "has gone while it was verified", named.remedy))
        elif digest is not None and digest != named.file.sha256:
            what = f"has sha256 {digest}, its record says {named.file.sha256}"
            self.broken.append(Finding(key, what, named.remedy))


def survey(store: Store) -> Survey:
    """List the store and read its records.

    A record that cannot be read is broken, unless this version does not know its kind.
    """
    contents = Survey(store, store.list())
    for key, record in _records(contents):
        if isinstance(record, Record):
            contents.add(key, record)
        elif key.split("/")[0] in KINDS:
            contents.broken.append(Finding(key, f"is damaged: {record}", _made_again(key)))
        else:
            contents.referenced.discard(key)
    return contents


def _records(contents: Survey) -> Iterator[tuple[str, Record | str]]:
    """Yield the key and the record of every record in the listing, or the reason why it cannot be read."""
    models: dict[str, type[Record]] = {}
    for key in contents.listing:
        fitting = [model for pattern, model in RECORDS if re.fullmatch(pattern, key)]
        if fitting:
            contents.referenced.add(key)
            if fitting[0] is not None:
                models[key] = fitting[0]

    def read(key: str) -> Record | str | None:
        try:
            record = parse_record(models[key], contents.store.get(key), key)
        except FileNotFoundError:
            return None
        except DataError as error:
            return str(error).removeprefix(f"{key}: ")
        # The metrics of every session and epoch would add up.
        return record.model_copy(update={"metrics": {}, "carbon": None}) if isinstance(record, Commit) else record

    with ThreadPoolExecutor(TRANSFERS) as pool:
        for key, record in zip(models, pool.map(read, models), strict=True):
            if record is not None:  # else deleted since the listing, by work under way
                yield key, record


def _made_again(key: str) -> Remedy | None:
    """Return the remedy for a damaged record: it is deleted, and its job run again."""
    kind, name, *_ = key.split("/")
    if kind in WITHOUT_MANIFEST:
        return None
    # An epoch's record cannot be written again once there are later ones, so its shard begins again.
    return Remedy(kind, name, delete=key.partition("/commits/")[0])
