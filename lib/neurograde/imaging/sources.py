"""The images of a set, with class and family, from a pattern over paths or from a table.

Nothing is dropped silently: files of other kinds and images of classes that were not asked for are counted;
an image without class or family, a row without image and two images of one name are errors that name them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from neurograde.errors import DataError
from neurograde.imaging.listed import ACCEPTED, Listed, others_in_words
from neurograde.maths.patch_grid import Margins
from neurograde.specs.names import check_label
from neurograde.specs.patch import Source
from neurograde.storage.artefact import decode_csv

SIDES = ("left", "top", "right", "bottom")


@dataclass(frozen=True)
class LabelledImage:
    """An image that will be cut."""

    path: str
    """Path in its folder."""
    label: str
    """Class."""
    family: str
    """Medical case; one image or many."""
    margins: Margins
    """Margins that are taken off before the grid is laid."""

    @property
    def stem(self) -> str:
        """Name without folder and suffix: patches are named after it."""
        return PurePosixPath(self.path).stem


@dataclass
class LabelledImages:
    """The images to cut, and what was left out."""

    images: list[LabelledImage] = field(default_factory=list)
    other_classes: list[str] = field(default_factory=list)
    """Images of classes that were not asked for."""
    other_files: list[str] = field(default_factory=list)
    """Files whose suffix is not that of an image."""
    bad: dict[str, str] = field(default_factory=dict)
    """Images that cannot be used for their name, by path as it can be shown, with the reason."""


def label_images(listed: Listed, source: Source, table: bytes | None, margins: Margins) -> LabelledImages:
    """Return class, family and pre-crop of every image that is listed.

    Args:
        listed: files of the folder, in order.
        source: the spec's rule; its pattern, or its table, whose content is `table`.
        table: CSV with columns image, class, family, and perhaps left, top, right, bottom.
        margins: pre-crop of an image for which the table gives none.

    Raises:
        DataError: an image has no class or family, a row no image, two images share a name, or no image is left.
    """
    labelled = LabelledImages(other_files=listed.others, bad=listed.bad)
    rows = _rows_by_image(table, str(source.table)) if table is not None else None
    unused = set(rows or ())
    for path in listed.images:
        unused.discard(path)
        image = _from_table(path, rows, source, margins) if rows is not None else _from_pattern(path, source, margins)
        if source.classes is not None and image.label not in source.classes:
            labelled.other_classes.append(path)
        else:
            labelled.images.append(image)
    if unused:
        raise DataError(f"{source.table}: names {len(unused)} images that are not there, first {min(unused)!r}")
    if source.classes is not None and (absent := set(source.classes) - {image.label for image in labelled.images}):
        raise DataError(f"source.classes: {min(absent)!r}: no image is of this class")
    if not labelled.images:
        if labelled.bad:
            raise DataError("\n".join(labelled.bad.values()))
        others = others_in_words(listed.others) if listed.others else ACCEPTED
        raise DataError(f"{source.url or source.images}: there is no image: {others}")
    _check_names_differ(labelled.images)
    return labelled


def read_rejected(table: bytes, where: str, known: Iterable[str]) -> dict[str, frozenset[tuple[int, int]]]:
    """Return the rejected squares (row, col) of each image, from a CSV table with columns image, row, col."""
    known = set(known)
    cells: dict[str, set[tuple[int, int]]] = {}
    for line, row in _numbered(table, where, ("image", "row", "col")):
        if row["image"] not in known:
            raise DataError(f"{where}: line {line}: image {row['image']!r} is not among the {len(known)} images")
        try:
            cells.setdefault(row["image"], set()).add((int(row["row"]), int(row["col"])))
        except (ValueError, TypeError):  # no number, or a row that is too short
            raise DataError(
                f"{where}: line {line}: square ({row['row']}, {row['col']}): row and col are whole numbers from 0"
            ) from None
    return {image: frozenset(squares) for image, squares in cells.items()}


def _from_pattern(path: str, source: Source, margins: Margins) -> LabelledImage:
    match = re.fullmatch(str(source.pattern), path)
    if match is None:
        raise DataError(f"source.pattern: {source.pattern!r} does not match the image {path!r}")
    return LabelledImage(path, _label(match["class"], path), _label(match["family"], path), margins)


def _from_table(
    path: str, rows: Mapping[str, tuple[int, Mapping[str, str]]], source: Source, margins: Margins
) -> LabelledImage:
    if path not in rows:
        raise DataError(f"{source.table}: has no row for the image {path!r}")
    line, row = rows[path]
    where = f"{source.table}: line {line}"
    try:
        own = {side: int(row[side]) for side in SIDES if row.get(side)}
        margins = Margins(**{side: own.get(side, getattr(margins, side)) for side in SIDES})
    except ValueError as error:
        raise DataError(f"{where}: {error}; margins are whole numbers of pixels from 0") from None
    return LabelledImage(path, _label(row["class"], where), _label(row["family"], where), margins)


def _rows_by_image(table: bytes, where: str) -> dict[str, tuple[int, Mapping[str, str]]]:
    rows: dict[str, tuple[int, Mapping[str, str]]] = {}
    for line, row in _numbered(table, where, ("image", "class", "family")):
        if row["image"] in rows:
            raise DataError(
                f"{where}: line {line}: the image {row['image']!r} has a row already, line {rows[row['image']][0]}"
            )
        rows[row["image"]] = (line, row)
    return rows


def _numbered(table: bytes, where: str, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a CSV table with their line numbers; DataError if it lacks a column or is no UTF-8."""
    try:
        rows = decode_csv(table)
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except csv.Error as error:
        raise DataError(f"{where}: not a CSV table ({error})") from None
    header = next(csv.reader(table.decode("utf-8-sig").splitlines()), [])
    if repeated := sorted({column for column in header if header.count(column) > 1}):
        raise DataError(
            f"{where}: the column {repeated[0]!r} is there {header.count(repeated[0])} times; accepted: once"
        )
    missing = [column for column in columns if not rows or column not in rows[0]]
    if missing:
        raise DataError(f"{where}: lacks the column {missing[0]!r}, or rows; needs {', '.join(columns)}")
    return list(enumerate(rows, start=2))


def _label(value: str, where: str) -> str:
    try:
        return check_label(value)
    except ValueError as error:
        raise DataError(f"{where}: {value!r} cannot name a class or family: {error}") from None


def _check_names_differ(images: Sequence[LabelledImage]) -> None:
    seen: dict[tuple[str, str, str], str] = {}
    for image in images:
        other = seen.setdefault((image.label, image.family, image.stem), image.path)
        if other != image.path:
            raise DataError(
                f"{other!r} and {image.path!r} are two images of one name, {image.stem!r}, in class {image.label!r} "
                f"and family {image.family!r}: rename one"
            )
