"""The ledger of a test set: one create-only record for every time it was opened.

    <store>/ledgers/<digest of the source images>/images.json   the images: SHA-256, class and family of each
                                                 /0001.json     the first opening
                                                 /0002.json     the next; each names the digest of the one before

A test set that is looked at often enough becomes a valid set. The ledger belongs to the images of the test families,
not to their patches: another threshold, margin, patch size, level or partition of the same test families counts on.
Older ledgers are named by the patches; they are read, and their openings count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from neurograde.errors import DataError
from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.specs.records import LedgerEntry, Opening
from neurograde.storage.artefact import parse_record
from neurograde.storage.store import Store

RECORD = r"ledgers/[0-9a-f]{64}/(\d{4}|[1-9]\d{4,})\.json"
"""Key of an opening, with its number."""
IMAGES = "images.json"
NO_RECORD = sha256_hex(b"")
"""Digest that the first record of a ledger names as the one before."""


@dataclass(frozen=True)
class HeldOut:
    """A test set: the images of its families, and the patches that were cut from them this time."""

    images: frozenset[tuple[str, str, str]]
    """SHA-256, class and family of each image; none of patches whose images are not listed."""
    patches: str
    """Digest of the patches, see `digest_of_test_set`."""

    @property
    def name(self) -> str:
        """The name of the ledger."""
        return sha256_hex(self.encode()) if self.images else self.patches

    def encode(self) -> bytes:
        """Return the list of images as canonical JSON."""
        return canonical_json(sorted(self.images))


class Overlap(NamedTuple):
    """Families that another ledger knows too."""

    ledger: str
    """Name of the other ledger."""
    families: int
    """Number of families of ours with an image in the other."""
    openings: int
    """Number of openings in the other."""


class Entry(NamedTuple):
    """A record where it lies."""

    ledger: str
    """Name of the ledger."""
    number: int
    """Number of the record, from 1."""
    opening: Opening
    """The record."""

    def reference(self) -> LedgerEntry:
        """Return the entry as a manifest names it."""
        return LedgerEntry(ledger=self.ledger, number=self.number, sha256=digest_of(self.opening))


def digest_of(opening: Opening) -> str:
    """Return the SHA-256 of the record's bytes."""
    return sha256_hex(opening.encode())


def digest_of_test_set(patches: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 of test patches, given as pairs of pixel digest and class, in any order, repeats once.

    Transforms are left out: the same patches, augmented differently, are the same test set.
    """
    return sha256_hex(canonical_json(sorted(set(patches))))


def read_ledger(store: Store, ledger: str) -> list[Opening]:
    """Return every opening of the ledger so far, in order.

    Numbers are read from the names of the records; an object of another name is none of them.

    Raises:
        DataError: A record is damaged, was changed since the next was written, or is missing. The message names it.
    """
    listing = store.list(f"ledgers/{ledger}")
    keys: list[str] = []
    while len(keys) < _last_number(listing):
        key = _key(ledger, len(keys) + 1)
        if key not in listing and not store.exists(key):  # a listing may miss what is written meanwhile
            raise DataError(
                f"{store.url}/{key} is missing, though later openings of this test set are recorded: a ledger never "
                "loses a record; restore it from a copy of the store"
            )
        keys.append(key)
    openings = [
        parse_record(Opening, data, f"{store.url}/{key}") for key, data in zip(keys, store.get_many(keys), strict=True)
    ]
    number = broken_link(openings)
    if number is not None:
        raise DataError(
            f"{store.url}/{_key(ledger, number)} was changed, for the record after it names another digest: restore it "
            "from a copy of the store"
        )
    return openings


def broken_link(openings: list[Opening]) -> int | None:
    """Return the number of the first record whose digest the next one contradicts, None if the chain is whole.

    The first records of a ledger may be older than the chain.
    """
    for number, (opening, following) in enumerate(pairwise(openings), start=1):
        chained = following.before is not None or opening.before is not None
        if chained and following.before != digest_of(opening):
            return number
    return None


def record_opening(store: Store, opening: Opening, older: Iterable[str] = ()) -> int:
    """Write the opening down, before anything of the test set is predicted; returns its number, from 1.

    The same question (evaluation spec, run and session) asked again after an interruption keeps its number: it
    teaches nothing new, and the end is that of an evaluation never interrupted. Records of the `older` ledgers count.
    """
    while True:
        entries = read_entries(store, opening, older)
        number = _number_of(entries, opening)
        if number is not None:
            return number
        own = [entry.opening for entry in entries if entry.ledger == opening.test_set]
        chained = opening.model_copy(update={"before": digest_of(own[-1]) if own else NO_RECORD})
        try:
            store.create(_key(opening.test_set, len(own) + 1), chained.encode())
        except FileExistsError:
            continue  # another evaluation was quicker: count again
        return len([entry for entry in entries if _same_kind(entry.opening, opening)]) + 1


def entry_of(store: Store, opening: Opening, older: Iterable[str] = ()) -> LedgerEntry:
    """Return where the opening is recorded."""
    entries = read_entries(store, opening, older)
    return next(entry for entry in entries if is_same_question(entry.opening, opening)).reference()


def is_same_question(record: Opening, opening: Opening) -> bool:
    """Return True if both ask the same of the test set: evaluation spec, run and session."""
    return _question(record) == _question(opening)


def read_entries(store: Store, opening: Opening, older: Iterable[str] = ()) -> list[Entry]:
    """Return all records of the test set of `opening`: those of `older` ledgers and of its patches first."""
    own = read_ledger(store, opening.test_set)
    by_patches = {record.patches for record in (*own, opening) if record.patches is not None}
    return [
        Entry(ledger, number, record)
        for ledger in (*sorted({*older, *by_patches} - {opening.test_set}), opening.test_set)
        for number, record in enumerate(own if ledger == opening.test_set else read_ledger(store, ledger), start=1)
    ]


def list_images(store: Store, held_out: HeldOut) -> None:
    """Write the images of the test set beside its records; DataError if another list is there."""
    if held_out.images:
        key = f"ledgers/{held_out.name}/{IMAGES}"
        try:
            store.create(key, held_out.encode())
        except FileExistsError:
            raise DataError(f"{store.url}/{key} is not the list whose digest names its folder: delete it") from None


def listed_images(store: Store) -> dict[str, frozenset[tuple[str, str, str]]]:
    """Return the images of every ledger that lists them, by the name of the ledger."""
    matches = (re.fullmatch(rf"ledgers/([0-9a-f]{{64}})/{re.escape(IMAGES)}", key) for key in store.list("ledgers"))
    names = [match[1] for match in matches if match]
    lists = store.get_many(f"ledgers/{name}/{IMAGES}" for name in names)
    # A damaged list is for verify to report.
    return {
        name: frozenset(map(tuple, json.loads(data)))
        for name, data in zip(names, lists, strict=True)
        if sha256_hex(data) == name
    }


def ledgers_by_patches(store: Store) -> set[str]:
    """Return the names of the ledgers that list no images: they are named by their patches."""
    keys = [key.split("/") for key in store.list("ledgers")]
    return {name for _, name, *_ in keys} - {name for _, name, *rest in keys if rest == [IMAGES]}


def overlaps(store: Store, held_out: HeldOut) -> list[Overlap]:
    """Return the other ledgers that list images of this test set's families."""
    overlapping = []
    for ledger, images in sorted(listed_images(store).items()):
        theirs = {sha256 for sha256, _, _ in images}
        families = {(label, family) for sha256, label, family in held_out.images if sha256 in theirs}
        if ledger != held_out.name and families:
            openings = sum(record.looked_at is None for record in read_ledger(store, ledger))
            overlapping.append(Overlap(ledger, len(families), openings))
    return overlapping


def _key(ledger: str, number: int) -> str:
    return f"ledgers/{ledger}/{number:04d}.json"


def _last_number(listing: Iterable[str]) -> int:
    return max((int(match[1]) for key in listing if (match := re.fullmatch(RECORD, key))), default=0)


def _number_of(entries: list[Entry], opening: Opening) -> int | None:
    records = [entry.opening for entry in entries if _same_kind(entry.opening, opening)]
    numbers = (number for number, record in enumerate(records, start=1) if is_same_question(record, opening))
    return next(numbers, None)


def _same_kind(record: Opening, opening: Opening) -> bool:
    """Return True if both are openings by an evaluation, or both are looks."""
    return (record.looked_at is None) == (opening.looked_at is None)


def _question(opening: Opening) -> tuple[str, str, str, int | None]:
    """Return what a record asks of its test set: a look at more images of it is another question."""
    return (opening.evaluation_spec_digest, opening.run, opening.session, opening.looked_at)
