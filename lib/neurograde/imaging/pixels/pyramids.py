"""Pyramids among TIFF files: which are slides, and why others cannot be read at a size that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from neurograde.errors import DataError
from neurograde.imaging.pixels import tiff
from neurograde.imaging.pixels.tiff import Directory, TiffError
from neurograde.imaging.pixels.tiles import why_unreadable

_SAME_SHAPE = 0.02
"""The ratios of width and height of a smaller level to the finest differ by no more than this share, and a pixel."""
ACCEPTED = (
    "a pyramid in tiles whose smaller levels are pages of NewSubfileType 1 or SubIFDs, as "
    "`vips tiffsave in.tif out.tif --tile --pyramid` writes it"
)


def is_pyramid(path: Path, name: str) -> bool:
    """Return True if a TIFF file is a slide: of a scanner's make, or tiled in several levels.

    Without OpenSlide only pyramids in SubIFDs are; a damaged file or one of another format is not.

    Raises:
        DataError: It is a pyramid that cannot be read, or has very many pages; the message names it and why.
    """
    with path.open("rb") as file:
        try:
            pages = list(islice(tiff.directories(file), tiff.MOST_PAGES + 1))
            if len(pages) > tiff.MOST_PAGES:
                raise DataError(f"{name}: more than {tiff.MOST_PAGES:,} pages; accepted: one page, or a pyramid")
            if any(smaller(pages[0], level) for page in pages[:1] for level in page.sub_directories()):
                return True
            unreadable = _why_unreadable(pages)
        except (TiffError, IndexError):
            return False  # the reader of pictures reports the damage
    try:
        import openslide  # noqa: PLC0415 - optional
    except ImportError:
        return False
    try:
        vendor = openslide.OpenSlide.detect_format(path)
        if vendor not in (None, "generic-tiff"):
            return True
        if vendor is not None:
            with openslide.OpenSlide(path) as slide:
                if slide.level_count > 1:
                    return True
    except openslide.OpenSlideError:
        pass
    if unreadable:
        raise DataError(f"{name}: {unreadable}; accepted: {ACCEPTED}")
    return False


def smaller(finest: Directory, level: Directory) -> bool:
    """Return True if a page has the shape of the finest level of a pyramid at a smaller size."""
    (width, height), (across, down) = finest.size, level.size
    if not (0 < across < width and 0 < down < height):
        return False
    by_width, by_height = width / across, height / down
    return abs(by_width - by_height) <= _SAME_SHAPE * by_width + max(by_width / across, by_height / down)


def _why_unreadable(pages: Sequence[Directory]) -> str | None:
    """Return why pages that look like a pyramid are none to OpenSlide, or None if they do not look like one."""
    levels = [pages[0], *(page for page in pages[1:] if smaller(pages[0], page))]
    if len(levels) == 1:
        return None
    for number, level in enumerate(levels):
        if reason := why_unreadable(level):
            return f"level {number} of a pyramid of {len(levels)} levels has {reason}"
    if not all(level.reduced for level in levels[1:]):
        return f"a pyramid of {len(levels)} levels, the smaller ones not marked as such (the tag NewSubfileType)"
    return None
