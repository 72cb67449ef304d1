"""The rows of tables that name images: found by path, in whatever way the path is written."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from neurograde.errors import DataError
from neurograde.imaging.listed import ACCEPTED
from neurograde.storage.tables import Table

Row = tuple[int, Mapping[str, str]]
"""A row with its line."""
WHOLE = re.compile(r"[0-9]{1,9}(\.0+)?")
"""Whole numbers, also as pandas writes them in a column with gaps: 12.0."""


@dataclass
class RowsByImage:
    """Rows of a table by the image that each names."""

    table: str
    """Name of the table, for messages."""
    rows: dict[str, list[Row]] = field(default_factory=dict)
    """Rows by path of the image, as its folder has it."""
    others: list[Row] = field(default_factory=list)
    """Rows that name none of the images."""

    @classmethod
    def of(cls, table: Table, images: Iterable[str], root: str | None) -> RowsByImage:
        """Return the rows of `table` by those of the `images` that they name; `root` is the folder of the images.

        Paths that begin with ./ or with the folder itself, and those with backslashes or accents in another normal
        form, name the image that they would open.
        """
        by_key: dict[str, list[str]] = {}
        for path in images:
            by_key.setdefault(_key(path, root), []).append(path)
        known = {path for paths in by_key.values() for path in paths}
        rows = cls(table.source)
        for line, row in table.numbered():
            meant = [row["image"]] if row["image"] in known else by_key.get(_key(row["image"], root), [])
            if len(meant) == 1:
                rows.rows.setdefault(meant[0], []).append((line, row))
            else:
                rows.others.append((line, row))
        return rows

    def one(self, path: str) -> Row:
        """Return the row of an image; DataError if it has none, or several."""
        rows = self.rows.get(path, [])
        if not rows:
            near = self._like(path)
            hint = f"; line {near[0]} has {near[1]['image']!r}" if near else ""
            raise DataError(f"{self.table}: has no row for the image {path!r}{hint}")
        if len(rows) > 1:
            (first, _), (second, row) = rows[:2]
            raise DataError(f"{self.table}: line {second}: the image {row['image']!r} has a row already, line {first}")
        return rows[0]

    def check_that_all_are_images(self, images: Iterable[str], left_out: Iterable[str]) -> None:
        """Raise DataError if a row names none of the `images`; `left_out` are files of other suffixes beside them."""
        if not self.others:
            return
        line, row = self.others[0]
        where = f"{self.table}: line {line}: image {row['image']!r}"
        more = f"; so are {len(self.others) - 1:,} further rows" if len(self.others) > 1 else ""
        if PurePosixPath(row["image"]).as_posix() in set(left_out):
            suffix = PurePosixPath(row["image"]).suffix
            raise DataError(f"{where} is there, and its suffix {suffix!r} is not accepted; {ACCEPTED}")
        names = list(images)
        near = difflib.get_close_matches(row["image"], names, 1) or [
            name for name in names if PurePosixPath(name).stem == PurePosixPath(row["image"]).stem
        ]
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise DataError(f"{where} is not among the {len(names):,} images{more}{hint}")

    def _like(self, path: str) -> Row | None:
        """Return the row of no image whose name is most like that of an image."""
        by_name = {row["image"]: (line, row) for line, row in reversed(self.others)}
        near = difflib.get_close_matches(path, by_name, 1) or [
            name for name in by_name if PurePosixPath(name).name == PurePosixPath(path).name
        ]
        return by_name[near[0]] if near else None


def whole_number(cell: str) -> int:
    """Return the whole number in a cell; ValueError if it holds something else.

    >>> whole_number(" 12 "), whole_number("12.0")
    (12, 12)
    """
    if not WHOLE.fullmatch(cell.strip()):
        raise ValueError(f"{cell!r} is not a whole number from 0")
    return int(cell.strip().partition(".")[0])


def _key(path: str, root: str | None) -> str:
    """Return the path in one form: with slashes, composed accents, and relative to the folder."""
    path = unicodedata.normalize("NFC", path.strip()).replace("\\", "/")
    if root is not None:
        folder = unicodedata.normalize("NFC", root).rstrip("/")
        path = path.removeprefix(f"{folder}/").removeprefix(f"{folder.removeprefix('file://')}/")
    return PurePosixPath(path).as_posix()
