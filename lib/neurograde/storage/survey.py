"""A store as its listing and its records show it: what names what, and which of the named files are whole."""

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
    (rf"{SHARD}/[^/]+/[^/]+\.json", None),  # the journal's too, but nothing is decided by it
    (r"ledgers/[0-9a-f]{64}/\d+\.json", Opening),
    (r"reviews/[^/]+/[0-9a-f]{16}/[^/]+-\d+\.json", Decision),
)
"""What the record of a key is, the first pattern that fits; None for those that are not read."""


@dataclass(frozen=True)
class Remedy:
    """How something comes to be whole."""

    kind: str
    """Kind of the artefact to make."""
    name: str
    """Name in the spec that it is made by: the artefact's own, or the grid's for its shards and features."""
    job: str | None = None
    """The job that makes it; that of its kind when not given."""
    spec: str | None = None
    """The job that its spec is for, where that is another."""
    replace: bool = False
    """Whether the job must be told to replace what stands there."""
    delete: str | None = None
    """The object that must be deleted first."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be."""

    where: str
    """Key or folder in the store."""
    what: str
    """What is the matter with it."""
    remedy: Remedy | None
    """What mends it; None where nothing can."""


@dataclass(frozen=True)
class Named:
    """A file that a record names."""

    file: FileRecord
    """What the record says of it."""
    remedy: Remedy
    """What mends it."""
    passing: bool
    """Whether its owner may delete it at any time, as a trainer does with its older checkpoints."""


@dataclass
class Survey:
    """What was found, and what is wrong with it."""

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
    """Records of what grows, by number in their series."""
    files: dict[str, Named] = field(default_factory=dict)
    """Every file that a record names and that has the right size, by key."""
    referenced: set[str] = field(default_factory=set)
    """Keys of the records, and those that they name."""
    broken: list[Finding] = field(default_factory=list)
    """What contradicts its record."""
    unfinished: list[Finding] = field(default_factory=list)
    """Grids with shards to be trained."""
    outdated: list[Finding] = field(default_factory=list)
    """Artefacts and grids that an earlier revision of their job made: whole, and in use."""

    def add(self, key: str, record: Record) -> None:
        """Put the record where it belongs."""
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
        """Take note that a record names the file, and of what the listing says against it."""
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
    found = Survey(store, store.list())
    for key, record in _records(found):
        if isinstance(record, Record):
            found.add(key, record)
        elif key.split("/")[0] in KINDS:
            found.broken.append(Finding(key, f"is damaged: {record}", _made_again(key)))
        else:
            found.referenced.discard(key)
    return found


def _records(found: Survey) -> Iterator[tuple[str, Record | str]]:
    """Every record of the listing by key, or in words why it cannot be read."""
    models: dict[str, type[Record]] = {}
    for key in found.listing:
        fitting = [model for pattern, model in RECORDS if re.fullmatch(pattern, key)]
        if fitting:
            found.referenced.add(key)
            if fitting[0] is not None:
                models[key] = fitting[0]

    def read(key: str) -> Record | str | None:
        try:
            record = parse_record(models[key], found.store.get(key), key)
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
    """What mends a damaged record: it is deleted, and its job run again."""
    kind, name, *_ = key.split("/")
    if kind in WITHOUT_MANIFEST:
        return None
    # An epoch's record cannot be written again once later ones stand, so its shard begins anew.
    return Remedy(kind, name, delete=key.partition("/commits/")[0])
