"""Artefacts: folders with a manifest, written last and checked at every read.

    <store>/<kind>/<name>/...             the files
    <store>/<kind>/<name>/manifest.json   their digests, and those of what they were made from

Readers trust nothing: each file is compared with its digest as it is read.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from neurograde.errors import DataError, DigestMismatch
from neurograde.maths.digest import sha256_hex
from neurograde.specs.base import Record
from neurograde.specs.records import InputRecord, Manifest
from neurograde.specs.results.base import Result
from neurograde.specs.results.tables import TABLES
from neurograde.storage.content import check_table, first_mistake, table_rows
from neurograde.storage.store import Store

MANIFEST = "manifest.json"
RecordT = TypeVar("RecordT", bound=Record)
ResultT = TypeVar("ResultT", bound=Result)


def read_manifest(store: Store, folder: str) -> Manifest | None:
    """Return the manifest of the artefact in `folder`, or None without one.

    Raises:
        DataError: It is damaged, or of a newer format; the message names it.
    """
    key = f"{folder}/{MANIFEST}"
    try:
        data = store.get(key)
    except FileNotFoundError:
        return None
    return parse_record(Manifest, data, f"{store.url}/{key}")


def parse_record(model: type[RecordT], data: bytes, where: str) -> RecordT:
    """Return the record in `data`; DataError naming `where` and the field if it is damaged or of a newer format."""
    try:
        return model.parse(data)
    except ValidationError as error:
        raise DataError(f"{where}: {first_mistake(error, 'the record')}") from None


@dataclass(frozen=True)
class Artefact:
    """A finished artefact, open for reading."""

    store: Store
    folder: str
    manifest: Manifest

    @property
    def url(self) -> str:
        """URL of the artefact."""
        return f"{self.store.url}/{self.folder}"

    def as_input(self) -> InputRecord:
        """Return the record by which a manifest downstream names this artefact."""
        return InputRecord(kind=self.manifest.kind, name=self.manifest.name, digest=self.manifest.digest)

    def input(self, kind: str) -> InputRecord:
        """Return the record of the upstream artefact of `kind` that this one was made from."""
        return next(record for record in self.manifest.inputs if record.kind == kind)

    def read(self, path: str) -> bytes:
        """Return the bytes of the file.

        Raises:
            DigestMismatch: They contradict the manifest, or the file is gone; both digests are named.
        """
        try:
            data = self.store.get(f"{self.folder}/{path}")
        except FileNotFoundError:
            raise DigestMismatch(f"{self.url}/{path} is gone, though its manifest names it") from None
        return self._checked(path, data)

    def local(self, path: str, into: Path) -> Path:
        """Copy the file into the folder `into` of this machine, checked as by `read`, and return its path."""
        target = into / path.rsplit("/", 1)[-1]
        target.write_bytes(self.read(path))
        return target

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of the file, from the manifest."""
        return self.manifest.files[path].sha256

    def read_many(self, paths: Sequence[str]) -> Iterator[bytes]:
        """Yield the bytes of the files in the order of `paths`, each checked, several in transfer at once."""
        everything = self.store.get_many(f"{self.folder}/{path}" for path in paths)
        try:
            for path, data in zip(paths, everything, strict=True):
                yield self._checked(path, data)
        except FileNotFoundError as error:
            raise DigestMismatch(f"{self.url}: {error} is gone, though its manifest names it") from None

    def verify(self, but: Collection[str] = ()) -> None:
        """Check every file except those in `but`, which are read anyway; DigestMismatch names the first wrong one."""
        for _ in self.read_many([path for path in self.manifest.files if path not in but]):
            pass

    def read_json(self, path: str) -> Any:
        """Return the content of the file as JSON; DataError if it is none."""
        try:
            return json.loads(self.read(path))
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.url}/{path}: not JSON that can be read: {error}") from None

    def read_result(self, model: type[ResultT], path: str) -> ResultT:
        """Return the file as `model`; DataError naming file and field where they do not fit."""
        try:
            return model.model_validate_json(self.read(path))
        except ValidationError as error:
            raise DataError(f"{self.url}/{path}: {first_mistake(error, 'the file')}") from None

    def read_csv(self, path: str) -> list[dict[str, str]]:
        """Return the rows of the file; DataError naming row and column where a column or number is missing."""
        try:
            rows = table_rows(self.read(path))
            if table := TABLES.get((self.manifest.kind, path)):
                check_table(table, rows)
        except ValueError as error:
            raise DataError(f"{self.url}/{path}: {error}") from None
        return rows

    def _checked(self, path: str, data: bytes) -> bytes:
        recorded, actual = self.manifest.files[path].sha256, sha256_hex(data)
        if actual != recorded:
            raise DigestMismatch(
                f"{self.url}/{path} has sha256 {actual}, its manifest says {recorded}: it was changed behind the "
                f"manifest's back; make {self.folder} again with --replace"
            )
        return data


def encode_json(value: Any) -> bytes:
    """Return indented JSON in UTF-8, in the order of the keys given."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def encode_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a CSV table with a header, in UTF-8 with plain line feeds; floats in their shortest exact form."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def decode_csv(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV table with a header; a byte-order mark, as spreadsheets write it, is dropped."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
