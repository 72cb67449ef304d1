"""The ledger of a test set: one create-only record for every time it was opened.

    <store>/ledgers/<digest of the test set>/0001.json, 0002.json, ...

A test set that is opened often enough becomes a valid set. The ledger belongs to the patches and labels, not to the
data set that names them, so that the count continues with another partition or augmentation of the same test patches.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from neurograde.errors import DataError
from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.specs.records import Opening
from neurograde.storage.artefact import parse_record
from neurograde.storage.store import Store

RECORD = r"ledgers/[^/]+/(\d{4}|[1-9]\d{4,})\.json"
"""Key of an opening, with its number."""


def digest_of_test_set(patches: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 that names a test set: its pairs of pixel digest and class, in any order, repeats once.

    Transforms are left out: the same patches, augmented differently, are the same test set.
    """
    return sha256_hex(canonical_json(sorted(set(patches))))


def read_ledger(store: Store, test_set: str) -> list[Opening]:
    """Return every opening of the test set so far, in order.

    Numbers are read from the names of the records; an object of another name is none of them.

    Raises:
        DataError: a record is damaged, or one before the last is missing; the message names it.
    """
    listing = store.list(f"ledgers/{test_set}")
    keys: list[str] = []
    while len(keys) < _last_number(listing):
        key = _key(test_set, len(keys) + 1)
        if key not in listing and not store.exists(key):  # a listing may miss what is written meanwhile
            raise DataError(
                f"{store.url}/{key} is missing, though later openings of this test set are recorded: a ledger never "
                "loses a record; restore it from a copy of the store"
            )
        keys.append(key)
    return [
        parse_record(Opening, data, f"{store.url}/{key}") for key, data in zip(keys, store.get_many(keys), strict=True)
    ]


def record_opening(store: Store, opening: Opening) -> int:
    """Record the opening, before anything of the test set is predicted, and return its number, from 1.

    The same question (evaluation spec, run and session) keeps its number when it is repeated after an interruption: it
    teaches nothing new, and the result is that of an evaluation that was never interrupted.
    """
    while True:
        before = read_ledger(store, opening.test_set)
        for number, earlier in enumerate(before, start=1):
            if _question(earlier) == _question(opening):
                return number
        number = len(before) + 1
        try:
            store.create(_key(opening.test_set, number), opening.encode())
        except FileExistsError:
            continue  # another evaluation was quicker: count again
        return number


def _key(test_set: str, number: int) -> str:
    return f"ledgers/{test_set}/{number:04d}.json"


def _last_number(listing: Iterable[str]) -> int:
    return max((int(match[1]) for key in listing if (match := re.fullmatch(RECORD, key))), default=0)


def _question(opening: Opening) -> tuple[str, str, str]:
    return (opening.evaluation_spec_digest, opening.run, opening.session)
