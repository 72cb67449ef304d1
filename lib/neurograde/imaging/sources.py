"""The images of a set, with class and family, from a pattern over paths or from a table.

Nothing is dropped silently: files of other kinds and images of classes that were not asked for are counted;
an image without class or family, a row without image and two images of one name are errors that name them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from neurograde.errors import DataError
from neurograde.imaging.listed import ACCEPTED, Listed, others_in_words
from neurograde.imaging.table_rows import RowsByImage, whole_number
from neurograde.maths.patch_grid import Margins
from neurograde.specs.names import check_label
from neurograde.specs.patch import Source
from neurograde.storage.tables import read_table

SIDES = ("left", "top", "right", "bottom")
NO_VALUE = re.compile(r"nan|NaN|NAN|<NA>|NaT|#(REF|VALUE|NAME|NUM|NULL)[!?]|#N/A|#DIV/0!|#+")
"""Missing values of pandas, and errors of spreadsheets."""


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
    rows = _rows_by_image(table, source, listed) if table is not None else None
    for path in listed.images:
        image = _from_table(path, rows, margins) if rows is not None else _from_pattern(path, source, margins)
        if source.classes is not None and image.label not in source.classes:
            labelled.other_classes.append(path)
        else:
            labelled.images.append(image)
    if rows is not None:
        rows.check_that_all_are_images(listed.images, listed.others)
    if source.classes is not None and (absent := set(source.classes) - {image.label for image in labelled.images}):
        raise DataError(f"source.classes: {min(absent)!r}: no image is of this class")
    if not labelled.images:
        if labelled.bad:
            raise DataError(*labelled.bad.values())
        others = others_in_words(listed.others) if listed.others else ACCEPTED
        raise DataError(f"{source.url or source.images}: there is no image: {others}")
    _check_names_differ(labelled.images)
    return labelled


def read_rejected(
    table: bytes, where: str, known: Sequence[str], root: str | None = None
) -> dict[str, frozenset[tuple[int, int]]]:
    """Return the rejected squares (row, col) of each image, from a CSV table with columns image, row, col."""
    rows = RowsByImage.of(read_table(table, where, ("image", "row", "col")), known, root)
    rows.check_that_all_are_images(known, ())
    return {
        image: frozenset(_square(row, f"{where}: line {line}") for line, row in of_image)
        for image, of_image in rows.rows.items()
    }


def _square(row: Mapping[str, str], where: str) -> tuple[int, int]:
    try:
        return whole_number(row["row"]), whole_number(row["col"])
    except ValueError:
        raise DataError(f"{where}: square ({row['row']}, {row['col']}): row and col are whole numbers from 0") from None


def _from_pattern(path: str, source: Source, margins: Margins) -> LabelledImage:
    match = re.fullmatch(str(source.pattern), path)
    if match is None:
        raise DataError(f"source.pattern: {source.pattern!r} does not match the image {path!r}")
    return LabelledImage(path, _label(match["class"], path), _label(match["family"], path), margins)


def _rows_by_image(table: bytes, source: Source, listed: Listed) -> RowsByImage:
    read = read_table(table, str(source.table), ("image", "class", "family"))
    return RowsByImage.of(read, listed.images, source.url)


def _from_table(path: str, rows: RowsByImage, margins: Margins) -> LabelledImage:
    line, row = rows.one(path)
    where = f"{rows.table}: line {line}"
    try:
        own = {side: whole_number(row[side]) for side in SIDES if row.get(side, "").strip()}
        margins = Margins(**{side: own.get(side, getattr(margins, side)) for side in SIDES})
    except ValueError as error:
        raise DataError(f"{where}: {error}; margins are whole numbers of pixels from 0") from None
    return LabelledImage(path, _label(row["class"], where), _label(row["family"], where), margins)


def _label(value: str, where: str) -> str:
    if NO_VALUE.fullmatch(value.strip()):
        raise DataError(f"{where}: {value!r} is what pandas or a spreadsheet writes for a missing value: correct it")
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
