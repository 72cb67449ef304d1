"""The contents of a store, from its listing and its records: which record names which file, and which are whole."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from neurograde.errors import DataError
from neurograde.maths.digest import sha256_hex
from neurograde.specs.base import Record
from neurograde.specs.catalogue import KINDS, WITHOUT_MANIFEST
from neurograde.specs.records import Commit, Decision, FileRecord, Grid, Manifest, Opening
from neurograde.storage import ledger
from neurograde.storage.artefact import parse_record
from neurograde.storage.content import content_fault
from neurograde.storage.decisions import NUMBER
from neurograde.storage.series import COMMITS, SERIES, Series, last_epochs
from neurograde.storage.store import TRANSFERS, Store, is_key

LARGE = 64 * 2**20  # bytes; objects from here on are read one at a time, so that memory stays bounded

SHARD = r"runs/[^/]+/[^/]+"
RECORDS: tuple[tuple[str, type[Record] | None], ...] = (
    (r"[^/]+/.+/manifest\.json", Manifest),
    (r"runs/[^/]+/grid\.json", Grid),
    (rf"{SHARD}/(agreements|conflicts)/e\d+-a\d+\.json", Commit),
    (ledger.RECORD, Opening),
    (r"ledgers/[0-9a-f]{64}/images\.json", None),
    (rf"reviews/[^/]+/[0-9a-f]{{16}}/[^/]+-{NUMBER}\.json", Decision),
)
"""Models of records by a pattern of their keys, of which the first that fits holds; None for records not read. Those
of journals are `storage.series`."""


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
    remedy: Remedy | None
    """Remedy if it is damaged, or None if there is none."""
    passing: bool
    """True if its owner may delete it at any time, as a trainer does with its older checkpoints."""
    content: tuple[str, str]
    """Kind of the artefact and path of the file there: its schema, if it has one."""


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

    def expect(
        self,
        key: str,
        file: FileRecord,
        remedy: Remedy | None,
        *,
        passing: bool = False,
        content: tuple[str, str] = ("", ""),
    ) -> None:
        """Note that a record names the file, and compare it with the listing."""
        self.referenced.add(key)
        if key not in self.listing:
            self.broken.append(Finding(key, "is gone, though its record names it", remedy))
        elif self.listing[key] != file.size:
            what = f"has {self.listing[key]:,} bytes, its record says {file.size:,}"
            self.broken.append(Finding(key, what, remedy))
        else:
            self.files[key] = Named(file, remedy, passing, content)

    def check_files(self, advance: Callable[[int], None]) -> None:
        """Compare every named file with its digest and schema; `advance` takes the number of files just done."""
        small = [key for key in self.files if self.listing[key] < LARGE]
        large = [key for key in self.files if self.listing[key] >= LARGE]
        with ThreadPoolExecutor(TRANSFERS) as pool:
            for keys, faults in ((small, pool.map(self._fault, small)), (large, map(self._fault, large))):
                for key, fault in zip(keys, faults, strict=True):
                    if fault is not None:
                        self.broken.append(Finding(key, fault, self.files[key].remedy))
                    advance(1)

    def _fault(self, key: str) -> str | None:
        """Return what is wrong with the content of a named file, or None."""
        named = self.files[key]
        try:
            data = self.store.get(key)
        except FileNotFoundError:
            return None if named.passing else "has gone while it was verified"
        digest = sha256_hex(data)
        if digest != named.file.sha256:
            return f"has sha256 {digest}, its record says {named.file.sha256}"
        fault = content_fault(*named.content, data)
        return fault and f"has the digest of its record, but is not of its schema: {fault}"


def survey(store: Store) -> Survey:
    """List the store and read its records.

    A record that cannot be read is broken, unless this version does not know its kind.
    """
    contents = Survey(store, store.list())
    models = _models(contents.listing)
    contents.referenced |= models.keys()
    readable = {key: model for key, model in models.items() if model is not None}
    for key, record in _read(store, readable, lambda key, data: _parse(readable[key], key, data)):
        if isinstance(record, Record):
            contents.add(key, record)
        elif key.split("/")[0] in KINDS:
            contents.broken.append(Finding(key, f"is damaged: {record}", _made_again(key)))
        else:
            contents.referenced.discard(key)
    _read_journals(contents)
    return contents


def _read_journals(contents: Survey) -> None:
    """Read the records of all journals: after the grids, against which they are held."""
    numbered = _numbered(contents.listing)
    contents.referenced |= numbered.keys()
    last = {
        f"{folder}/{shard.name}": last_epochs(shard.sessions)
        for folder, grid in contents.grids.items()
        for shard in grid.shards
    }

    def parse(key: str, data: bytes) -> Record | str:
        shard, series, number = numbered[key]
        try:
            record = series.parse(data, number, key, last.get(shard))
        except DataError as error:
            return f"is damaged: {str(error).removeprefix(f'{key}: ')}"
        # The metrics of every session and epoch would add up.
        return _without_metrics(record) if isinstance(record, Commit) else record

    for key, record in _read(contents.store, numbered, parse):
        if isinstance(record, Record):
            contents.add(key, record)
        else:
            contents.broken.append(Finding(key, record, _mended(contents, key, numbered[key][0], record)))


def _models(listing: Iterable[str]) -> dict[str, type[Record] | None]:
    """Return the models of all records but those of journals, by key; None for records that are not read."""
    models = {}
    for key in listing:
        fitting = [model for pattern, model in RECORDS if re.fullmatch(pattern, key, re.ASCII)]
        if fitting and is_key(key):
            models[key] = fitting[0]
    return models


def _numbered(listing: Iterable[str]) -> dict[str, tuple[str, Series[Any], int]]:
    """Return the shard, series and number of every record of a journal, by key."""
    numbered = {}
    for key in listing:
        match = re.fullmatch(rf"({SHARD})/(.+)", key)
        if match is None or not is_key(key):
            continue
        for series in SERIES:
            number = series.number(match[2])
            if number is not None:
                numbered[key] = (match[1], series, number)
    return numbered


def _parse(model: type[Record], key: str, data: bytes) -> Record | str:
    """Return the record, or the reason why it cannot be read."""
    try:
        record = parse_record(model, data, key)
    except DataError as error:
        return str(error).removeprefix(f"{key}: ")
    return _without_metrics(record) if isinstance(record, Commit) else record


def _without_metrics(commit: Commit) -> Commit:
    """Return the commit without what adds up over sessions and epochs; the epochs that it covers are kept."""
    return commit.model_copy(update={"metrics": {}, "earlier": ({},) * len(commit.earlier), "carbon": None})


def _read(
    store: Store, keys: Collection[str], parse: Callable[[str, bytes], Record | str]
) -> Iterator[tuple[str, Record | str]]:
    """Yield the key and the record of each of `keys`, or the reason why it cannot be read."""

    def read(key: str) -> Record | str | None:
        try:
            return parse(key, store.get(key))
        except FileNotFoundError:
            return None  # deleted since the listing, by work under way

    with ThreadPoolExecutor(TRANSFERS) as pool:
        for key, record in zip(keys, pool.map(read, keys), strict=True):
            if record is not None:
                yield key, record


def _made_again(key: str) -> Remedy | None:
    """Return the remedy for a damaged record: it is deleted, and its job run again."""
    kind, name, *_ = key.split("/")
    return None if kind in WITHOUT_MANIFEST else Remedy(kind, name, delete=key)


def _mended(contents: Survey, key: str, shard: str, fault: str) -> Remedy:
    """Return the remedy for a record of a journal that is left out."""
    _, grid, *_ = key.split("/")
    damaged = fault.startswith("is damaged") and f"/{COMMITS.folder}/" in key
    if damaged and shard not in contents.manifests:
        return Remedy("runs", grid)  # the trainer writes it again
    # A finished shard writes no more epochs, so it begins again.
    return Remedy("runs", grid, delete=shard if damaged else key)
