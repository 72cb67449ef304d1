"""Public files that a study reads, each fetched once and checked against its digest."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from neurograde.errors import DataError, DigestMismatch, UsageError
from neurograde.runtime.log import log
from neurograde.runtime.progress import progress
from neurograde.storage.raw import LoneFile

COLUMNS = ["path", "url", "sha256", "licence"]


@dataclass(frozen=True)
class PublicFile:
    """A row of the table."""

    path: str
    """Path of the file below the folder of all data."""
    url: str
    """URL of the file, http:// or https://."""
    sha256: str
    """The only bytes that are accepted."""
    licence: str
    """Licence of the file, and whom to name."""


def fetch(table: str, into: Path) -> None:
    """Fetch every file of the table that does not lie in the folder `into` yet.

    Raises:
        DigestMismatch: files have other bytes than the table names; none of the fetched ones is kept.
        DataError: the table is wrong, or a server has no such file.
        StoreUnavailable: a server cannot be reached, or the disk is full.
    """
    files = read_table(table)
    complaints, fetched = [], 0
    with progress("fetching", len(files), "files") as advance:
        for file in files:
            target = into / file.path
            try:
                if target.exists():
                    check(target, file, f"{target}, which is kept: move it away to fetch the public file")
                else:
                    download(file, target)
                    fetched += 1
            except DataError as error:
                complaints.append(str(error))
            advance(1)
    if complaints:
        raise DigestMismatch(*complaints)
    log.info(f"{into}: {fetched} files fetched, {len(files) - fetched} were there; all have the digests of {table}")
    for licence, count in Counter(file.licence for file in files).items():
        log.info(f"licence of {count} files: {licence}")


def read_table(table: str) -> list[PublicFile]:
    """Return the rows of the table.

    Raises:
        UsageError: The table does not exist.
        DataError: it has other columns, or a row that cannot be used.
    """
    if not Path(table).is_file():
        raise UsageError(f"{table}: there is no such table of public files")
    with Path(table).open(newline="") as lines:
        rows = csv.DictReader(lines)
        if rows.fieldnames != COLUMNS:
            raise DataError(f"{table}: columns {rows.fieldnames}; accepted: {', '.join(COLUMNS)}")
        return [_row(row, f"{table}, line {rows.line_num}") for row in rows]


def _row(row: dict[Any, Any], where: str) -> PublicFile:
    """Return a row of the table; DataError if a field cannot be used."""
    if len(row) > len(COLUMNS):
        raise DataError(f"{where}: {len(row[None])} values too many; accepted: one value for each column")
    path = PurePosixPath(row["path"] or "")
    rules = {
        "path": (not path.is_absolute() and path.parts and ".." not in path.parts, "a path below the folder"),
        "url": (re.match(r"https?://", row["url"] or ""), "http:// or https://"),
        "sha256": (re.fullmatch(r"[0-9a-f]{64}", row["sha256"] or ""), "64 hexadecimal digits"),
        "licence": (row["licence"], "the licence, and whom to name"),
    }
    for column, (fine, accepted) in rules.items():
        if not fine:
            raise DataError(f"{where}: {column}: {row[column]!r}; accepted: {accepted}")
    return PublicFile(**row)


def download(file: PublicFile, target: Path) -> None:
    """Fetch one file; it appears under its name once its bytes are seen to be right."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".fetch-", dir=target.parent) as folder:
        try:
            copy = LoneFile(file.url).local(target.name, Path(folder))
        except FileNotFoundError:
            raise DataError(f"{file.url}: the server has no such file; {target} is missing") from None
        check(copy, file, f"what {file.url} sent, which is thrown away")
        copy.rename(target)


def check(copy: Path, file: PublicFile, what: str) -> None:
    """Raise DigestMismatch if the bytes of `copy` are not those of the table; `what` names them in the message."""
    with copy.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != file.sha256:
        raise DigestMismatch(f"{file.path}: expected SHA-256 {file.sha256}, found {digest} in {what}")
