"""CSV, TSV and plain text into rows, whatever the separator, with or without a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from neurograde.audit.roles import role_of, split_header
from neurograde.errors import DataError
from neurograde.specs.patch import IMAGE_SUFFIXES

SEPARATORS = (",", "\t", ";")


@dataclass(frozen=True)
class Table:
    """A table's rows as text."""

    source: str
    """File name for messages."""
    columns: tuple[str, ...]
    """Headers; numbers from 1 where the file has none."""
    rows: tuple[Mapping[str, str], ...]
    """Cells by column, blanks around them removed."""
    lines: tuple[int, ...]
    """Line of each row, as an editor counts."""

    def column(self, name: str) -> list[str]:
        """Return the cells of one column.

        Raises:
            DataError: the table lacks this column.
        """
        if name not in self.columns:
            raise DataError(f"{self.source}: there is no column {name!r}; accepted: {', '.join(self.columns)}")
        return [row[name] for row in self.rows]


def read_table(path: Path) -> Table:
    """Read a CSV, TSV or text file; blank lines are skipped, short rows filled with empty cells.

    Raises:
        DataError: the file is not UTF-8 text, is empty, has a header twice, or a row that is longer than its header.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: no UTF-8 text ({error.reason} at byte {error.start}); accepted: CSV, TSV") from None
    if "\0" in text:
        raise DataError(f"{path}: contains NUL characters; accepted: CSV, TSV or text")
    first_line = text.lstrip("\n").partition("\n")[0]
    separator = max(SEPARATORS, key=lambda sign: (first_line.count(sign), -SEPARATORS.index(sign)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    numbered: list[tuple[int, list[str]]] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                numbered.append((reader.line_num, [cell.strip() for cell in row]))  # noqa: PERF401 - line_num moves on
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}") from None
    if not numbered:
        raise DataError(f"{path}: empty; accepted: a list of names with their subsets")
    return _with_header(str(path), numbered)


def _with_header(source: str, numbered: Sequence[tuple[int, list[str]]]) -> Table:
    """Return the table, its header known from its words, or else columns numbered from 1."""
    header = numbered[0][1]
    known = any(split_header(cell) or (cell and role_of(cell)) for cell in header)
    if not known and (len(header) == 1 or any(_is_a_file(cell) for cell in header)):
        width = max(len(row) for _, row in numbered)
        header, body = [str(number + 1) for number in range(width)], numbered
    else:
        body = numbered[1:]
        repeated = sorted({cell for cell in header if header.count(cell) > 1})
        if repeated:
            raise DataError(f"{source}: the column {repeated[0]!r} is there {header.count(repeated[0])} times")
    for line, row in body:
        if any(row[len(header) :]):
            raise DataError(f"{source}, line {line}: {len(row)} cells under {len(header)} columns")
    rows = tuple(dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=False)) for _, row in body)
    return Table(source, tuple(header), rows, tuple(line for line, _ in body))


def _is_a_file(cell: str) -> bool:
    return PurePosixPath(cell).suffix.lower() in IMAGE_SUFFIXES
