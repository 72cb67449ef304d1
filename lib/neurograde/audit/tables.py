"""Lists of others as tables, with or without a header."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from neurograde.audit.roles import role_of, split_header
from neurograde.errors import DataError
from neurograde.specs.patch import IMAGE_SUFFIXES
from neurograde.storage.tables import Line, Table, read_lines, with_header


def read_table(path: Path) -> Table:
    """Read a CSV, TSV or text file; blanks around its cells are removed.

    Raises:
        DataError: the file is not text, is empty, has a header twice, or a row that is longer than its header.
    """
    _separator, lines = read_lines(path.read_bytes(), str(path))
    if not lines:
        raise DataError(f"{path}: empty; accepted: a list of names with their subsets")
    return _with_header(str(path), [(number, [cell.strip() for cell in row]) for number, row in lines])


def _with_header(source: str, numbered: Sequence[Line]) -> Table:
    """Return the table, its header known from its words, or else columns numbered from 1."""
    header = numbered[0][1]
    known = any(split_header(cell) or (cell and role_of(cell)) for cell in header)
    if not known and (len(header) == 1 or any(_is_a_file(cell) for cell in header)):
        width = max(len(row) for _, row in numbered)
        return with_header(source, [str(number + 1) for number in range(width)], numbered)
    return with_header(source, header, numbered[1:])


def _is_a_file(cell: str) -> bool:
    return PurePosixPath(cell).suffix.lower() in IMAGE_SUFFIXES
