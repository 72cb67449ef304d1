"""Tables that people and spreadsheets write: CSV with commas, semicolons or tabs, in UTF-8 or UTF-16.

Blank rows are skipped, short rows filled with empty cells, and lines counted as an editor counts them. Tables of the
store itself are read by `artefact.decode_csv`, which takes nothing for granted.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from neurograde.errors import DataError

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
"""Separators that are read, the likeliest first, and the words for them."""
BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
LONGEST_HEADER = 200
"""Characters of a header that a message repeats."""
Line = tuple[int, list[str]]
"""A row with the number of its first line, from 1."""


@dataclass(frozen=True)
class Table:
    """A table's rows as text."""

    source: str
    """Name of the file, for messages."""
    columns: tuple[str, ...]
    """Header; numbers from 1 where the file has none."""
    rows: tuple[Mapping[str, str], ...]
    """Cells by column."""
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

    def numbered(self) -> Iterator[tuple[int, Mapping[str, str]]]:
        """Yield each row with its line."""
        return zip(self.lines, self.rows, strict=True)


def read_table(data: bytes, source: str, columns: Sequence[str]) -> Table:
    """Return a table with a header; `columns` are known under their names in small letters, blanks around them dropped.

    Args:
        data: Content of the file.
        source: Name of the file, for messages.
        columns: Columns that the table must have.

    Raises:
        DataError: It lacks a column or rows, has a column twice, or cannot be read; names the line, and the header.
    """
    separator, lines = read_lines(data, source)
    if not lines:
        raise DataError(f"{source}: the table is empty; needs a header with {', '.join(columns)}, and rows")
    (number, header), *body = lines
    names = [cell.strip().casefold() for cell in header]
    read = f"the header, line {number}, was read as {_listed(header)}, separated by {SEPARATORS[separator]}"
    if missing := [column for column in columns if column not in names]:
        raise DataError(f"{source}: lacks the column {missing[0]!r}; needs {', '.join(columns)}; {read}")
    if not body:
        raise DataError(f"{source}: lacks rows below its header; {read}")
    return with_header(source, names, body)


def with_header(source: str, header: Sequence[str], body: Sequence[Line]) -> Table:
    """Return the table of the rows below a header; of columns without a name the first one is kept that has a cell.

    Raises:
        DataError: It has a column twice, or a row has more cells than the header.
    """
    twice = [name for name, count in Counter(header).items() if name and count > 1]
    if twice:
        raise DataError(f"{source}: the column {twice[0]!r} is there {header.count(twice[0])} times; accepted: once")
    for number, row in body:
        if any(cell.strip() for cell in row[len(header) :]):
            raise DataError(
                f"{source}: line {number}: {len(row)} cells under {len(header)} columns; write a cell that holds the "
                "separator in quotes"
            )
    filled = [[*row, *[""] * (len(header) - len(row))][: len(header)] for _number, row in body]
    unnamed = [at for at, name in enumerate(header) if not name and any(row[at].strip() for row in filled)]
    kept = [at for at, name in enumerate(header) if name or at in unnamed[:1]]
    rows = tuple({header[at]: row[at] for at in kept} for row in filled)
    return Table(source, tuple(header[at] for at in kept), rows, tuple(number for number, _row in body))


def read_lines(data: bytes, source: str) -> tuple[str, list[Line]]:
    """Return the separator of the file, and its rows without those that are blank.

    Raises:
        DataError: It is not UTF-8 or UTF-16, or not CSV; names the line.
    """
    text = _decoded(data, source)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{source}: line {line}: contains NUL characters; accepted: CSV, TSV or text")
    text, skipped, named = _after_sep(text)
    separator = named or _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    lines: list[Line] = []
    first = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                lines.append((first + skipped, row))
            first = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{source}: line {first + skipped}: not a CSV table ({error})") from None
    return separator, lines


def _decoded(data: bytes, source: str) -> str:
    if data.startswith(BYTE_ORDER_MARKS):
        encoding = "utf-16"
    elif data[1:2] == b"\0" or data[:1] == b"\0":  # UTF-16 of ASCII, without a mark
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{source}: line {line}: not UTF-8 text ({error.reason} at byte {error.start}); save it as CSV in UTF-8"
        ) from None


def _after_sep(text: str) -> tuple[str, int, str | None]:
    """Return the text behind a first line `sep=;`, which Excel writes, with the lines skipped and the separator."""
    first, _newline, rest = text.partition("\n")
    sign = first.strip("\r\"' ")
    if sign.casefold().startswith("sep=") and sign[len("sep=") :] in SEPARATORS:
        return rest, 1, sign[len("sep=") :]
    return text, 0, None


def _separator(text: str) -> str:
    """Return the separator that parts the first line with text into most cells."""
    first = next((line for line in text.splitlines() if line.strip(' ,;\t"')), "")

    def cells(sign: str) -> int:
        try:
            return len(next(csv.reader([first], delimiter=sign), []))
        except csv.Error:
            return 0

    return max(SEPARATORS, key=cells)


def _listed(header: Sequence[str]) -> str:
    words = ", ".join(repr(cell) for cell in header)
    return words if len(words) <= LONGEST_HEADER else f"{words[:LONGEST_HEADER]}…"
