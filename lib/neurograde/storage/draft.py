"""Drafts: artefacts under way, each written under its own claim and moved into place when it is published.

The artefact that was published before stays until then. The manifest comes last, create-only: no manifest, no artefact.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from neurograde.errors import DataError, Fenced
from neurograde.maths.digest import sha256_hex
from neurograde.specs.records import FileRecord, InputRecord, LedgerEntry, Manifest
from neurograde.specs.results.base import Result
from neurograde.storage.artefact import MANIFEST, encode_csv, encode_json, read_manifest
from neurograde.storage.claim import Claim
from neurograde.storage.store import Store, check_key


class Draft:
    """An artefact under way: files first, the manifest last."""

    def __init__(self, store: Store, folder: str, claim: Claim | None = None) -> None:
        """Begin an empty draft of the artefact in `folder`.

        Args:
            store: Holds the artefact.
            folder: Kind and name of the artefact.
            claim: The right to write it; when not given, whoever has it is fenced off.
        """
        self.store, self.folder = store, folder
        self.claim = claim or Claim(store, folder, sha256_hex(folder.encode()), replace=True)
        self.files: dict[str, FileRecord] = {}
        self.marks: set[str] = set()
        self.raw_digests: dict[str, str] = {}
        self.features: list[InputRecord] = []
        self.openings: list[LedgerEntry] = []
        self.head: str | None = None
        self.addresses: tuple[str, ...] = ()
        """Addresses of the store that files may hold, and that the artefact's digest leaves out."""
        self._keys: dict[str, str] = {}
        """Key of each file in the draft, by its path in the artefact."""
        self._spellings: dict[str, str] = {}
        """Each path and folder by what a store that ignores case takes it for."""
        self._before = read_manifest(store, folder)

    def write(self, path: str, data: bytes) -> None:
        """Add a file."""
        self.write_many([(path, data)])

    def write_many(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Add files, a few under way at once.

        Raises:
            ValueError: a path leaves the artefact, or is written twice.
            DataError: two paths differ only in case, and the store holds them for one.
            Fenced: another job has claimed the artefact since.
        """
        self.store.put_many((self._keys[path], data) for path, data in self._recorded(files))

    def write_json(self, path: str, value: Any) -> None:
        """Add a file of indented JSON, in the order of the keys given."""
        self.write(path, encode_json(value))

    def write_result(self, path: str, result: Result) -> None:
        """Add a result file in the schema of its readers."""
        self.write_json(path, result.as_json())

    def write_csv(self, path: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Add a CSV table."""
        self.write(path, encode_csv(columns, rows))

    def mark(self, mark: str) -> None:
        """Add a mark, which every page repeats that shows this artefact or one made from it."""
        self.marks.add(mark)

    def finish(self, manifest: Manifest) -> None:
        """Publish: move the files into place, then make them an artefact by the manifest.

        A job of the same work that was quicker has published the same: then nothing is moved.

        Raises:
            Fenced: another job has claimed the artefact since; it is left to that one.
        """
        self.claim.check()
        published = read_manifest(self.store, self.folder)
        if published is None or published == self._before or published.digest != manifest.digest:
            self._publish(manifest)
        self.claim.fulfil()

    def _publish(self, manifest: Manifest) -> None:
        where = f"{self.folder}/{MANIFEST}"
        self.store.delete(where)  # first: half an artefact is none
        self.store.clear(self.folder)
        try:
            pairs = ((key, f"{self.folder}/{path}") for path, key in self._keys.items())
            self.store.promote_many(pairs, self._promote)
        except FileNotFoundError:
            self.claim.check()  # a newer claim that has published removes the drafts of older ones
            raise
        self.claim.check()
        try:
            self.store.create(where, manifest.encode())
        except FileExistsError:
            self.claim.check()
            self.store.put(where, manifest.encode())  # that of an older claim, which came late
        self._check_that_it_is_whole()

    def _promote(self, source: str, target: str) -> None:
        self.claim.notice()
        try:
            self.store.promote(source, target)
        except FileExistsError:
            self.claim.check()
            self.store.delete(target)  # of an older claim, which came late
            self.store.promote(source, target)

    def _check_that_it_is_whole(self) -> None:
        """Raise Fenced if an older claim has moved files while this one did."""
        listing = self.store.list(self.folder)
        for path, file in self.files.items():
            if listing.get(f"{self.folder}/{path}") != file.size:
                self.store.delete(f"{self.folder}/{MANIFEST}")
                raise Fenced(
                    f"{self.store.url}/{self.folder}/{path} was changed by another writer while it was published; run "
                    "the same command again"
                )

    def _recorded(self, files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
        for path, data in files:
            if path in self.files:
                raise ValueError(f"{self.folder}/{path} is written twice")
            check_key(f"{self.folder}/{check_key(path)}")
            self._check_spelling(path)
            self.claim.notice()
            self.files[path] = FileRecord(
                sha256=sha256_hex(data), size=len(data), portable_sha256=_without(self.addresses, data)
            )
            self._keys[path] = f"{self.claim.draft}/{len(self._keys) + 1:06d}"
            yield path, data

    def _check_spelling(self, path: str) -> None:
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            ours = "/".join(parts[:end])
            theirs = self._spellings.setdefault(unicodedata.normalize("NFC", ours).casefold(), ours)
            if ours != theirs and self.store.ignores_case:
                raise DataError(
                    f"{self.store.url} is on a disk that ignores case and cannot hold both {theirs!r} and {ours!r}: "
                    "rename one of them, or use another store"
                )


def _without(addresses: Iterable[str], data: bytes) -> str | None:
    """Return the SHA-256 of the bytes without the addresses, or None if they hold none of them."""
    portable = data
    for address in addresses:
        portable = portable.replace(address.encode(), b"")
    return None if portable == data else sha256_hex(portable)
