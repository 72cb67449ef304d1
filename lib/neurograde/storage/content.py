"""The content of an artefact's files, held against the schema of its kind and path, by its readers and by `verify`."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from pydantic import ValidationError

from neurograde.specs.results.schemas import SCHEMAS
from neurograde.specs.results.tables import TABLES, Table


def content_fault(kind: str, path: str, data: bytes) -> str | None:
    """Return why the bytes cannot be the file of that kind and path, or None; files without a schema are not read."""
    if (kind, path) in SCHEMAS:
        try:
            SCHEMAS[kind, path].model_validate_json(data)
        except ValidationError as error:
            return first_mistake(error, "the file")
    elif (kind, path) in TABLES:
        try:
            check_table(TABLES[kind, path], table_rows(data))
        except ValueError as error:
            return str(error)
    return None


def first_mistake(error: ValidationError, whole: str) -> str:
    """Return field and message of the first mistake; a mistake of no field is that of the `whole`."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or whole
    return f"{field}: {first['msg'].removeprefix('Value error, ')}"


def table_rows(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV table with a header.

    Raises:
        ValueError: The bytes are not such a table; names the line where it can.
    """
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"no CSV table in UTF-8: {error}") from None
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise ValueError(f"row {line} has other columns than the header")
    return rows


def check_table(table: Table, rows: Sequence[dict[str, str]]) -> None:
    """Raise ValueError, naming row and column, if the rows lack a column or a number that readers rely on."""
    if not rows:
        return
    header = tuple(rows[0])
    missing = [column for column in table.columns if column not in header]
    if missing:
        raise ValueError(f"the column {missing[0]!r} is missing")
    for column in table.numbered(header):
        for line, row in enumerate(rows, start=2):
            if not (_is_number(row[column]) or (column in table.gaps and not row[column])):
                raise ValueError(f"row {line}, column {column!r}: {row[column]!r} is not a number")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
