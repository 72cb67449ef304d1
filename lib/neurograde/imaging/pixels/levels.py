"""The levels of a slide: rectangles of stored pixels, whatever reads them.

    file                                      reader
    slides that OpenSlide knows               OpenSlide
    their levels whose pixels OpenSlide       the tiles of the file (`tiles.py`), for Aperio's and plain TIFF files
    would blend, see below                    that have them complete
    pyramids in SubIFDs, OME-TIFF files       the tiles of the file

OpenSlide takes the position of a rectangle in pixels of level 0. On a level whose downsample is not a whole number
most positions fall between two pixels, and it blends them, differently for each rectangle. Such a level is read from
the file's tiles, so that its pixels are those stored. Of formats whose tiles are not read here it is read in blocks
of a fixed raster: its pixels are blended, but do not depend on the rectangle.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurograde.errors import DataError
from neurograde.imaging.pixels import tiff
from neurograde.imaging.pixels.tiff import Directory, TiffError
from neurograde.imaging.pixels.tiles import Tiles, why_refused, why_unreadable
from neurograde.specs.extras import how_to_install

if TYPE_CHECKING:
    import openslide

CACHE_BYTES = 64 * 2**20
"""Decoded tiles that all slides of OpenSlide keep between them, so that neighbouring squares decode a tile once."""
BLOCK = 512
"""Side of the blocks of the raster, in pixels of the level."""
MISSING = f"a whole slide, which is read with OpenSlide: {how_to_install('slides')}"
OPEN_FORMATS = ("aperio", "generic-tiff")
"""Formats of OpenSlide whose levels are pages of the file, tile by tile."""
_TIFF_FORMATS = (*OPEN_FORMATS, "leica", "philips-tiff", "trestle", "ventana")
_UM_PER_UNIT = {2: 25_400.0, 3: 10_000.0}  # inch, centimetre
_OME_SIZE = re.compile(rb'PhysicalSize([XY])="([^"]+)"')
_OME_UNIT = re.compile(rb'PhysicalSize([XY])Unit="([^"]+)"')


class Levels(Protocol):
    """The levels of an open slide, the finest first."""

    @property
    def vendor(self) -> str:
        """The name of the file's format: `aperio`, `generic-tiff`, ..."""

    @property
    def sizes(self) -> Sequence[tuple[int, int]]:
        """Width and height of each level, px."""

    @property
    def downsamples(self) -> Sequence[float]:
        """Pixels of level 0 that a pixel of each level spans."""

    @property
    def um_per_px(self) -> tuple[float, float] | None:
        """µm/px of level 0 as the file records it, across and down; None where it does not."""

    def read(self, level: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        """Return a rectangle of a level, in its pixels, (height, width, 3) uint8 RGB; DataError if it is damaged."""


def open_levels(path: Path, name: str) -> Levels:
    """Open the levels of the slide `path`, `name` in messages; DataError if they cannot be read."""
    with ExitStack() as closing:
        pages = _pages(path, closing)
        if pages and pages[0].sub_directories():
            return SubDirectoryLevels(path, name, pages[0])
        return OpenSlideLevels(path, name, pages)


class OpenSlideLevels:
    """The levels of a slide that OpenSlide opens."""

    def __init__(self, path: Path, name: str, pages: Sequence[Directory]) -> None:
        """Open a slide; `pages` are those of a TIFF file, of another file none."""
        try:
            import openslide  # noqa: PLC0415 - optional
        except ImportError:
            raise DataError(f"{name}: {MISSING}") from None
        self._name, self._failure = name, openslide.OpenSlideError
        try:
            self._slide = openslide.OpenSlide(path)
            self._slide.set_cache(_openslide_cache())
        except openslide.OpenSlideError as error:
            raise DataError(f"{name}: damaged, or no slide that OpenSlide reads ({error})") from None
        self._properties: Any = self._slide.properties
        self.vendor = str(self._properties["openslide.vendor"])
        self.sizes = self._slide.level_dimensions
        self.downsamples = tuple(float(factor) for factor in self._slide.level_downsamples)
        self._tiles = self._find_tiles(path, pages) if self.vendor in _TIFF_FORMATS else {}

    @property
    def um_per_px(self) -> tuple[float, float] | None:
        """µm/px of level 0."""
        try:
            across, down = (float(self._properties[f"openslide.mpp-{axis}"]) for axis in "xy")
        except (KeyError, ValueError):
            return None
        return across, down

    def read(self, level: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        """Return a rectangle of a level."""
        tiles, exact = self._tiles.get(level), self.downsamples[level].is_integer()
        if tiles is not None:
            if not exact and self.vendor in OPEN_FORMATS and tiles.complete:
                return tiles.read(x, y, width, height)
            tiles.check(x, y, width, height)
        if exact:
            return self._region(level, x, y, width, height)
        pixels = np.empty((height, width, 3), np.uint8)
        for top in range(y // BLOCK * BLOCK, y + height, BLOCK):
            for left in range(x // BLOCK * BLOCK, x + width, BLOCK):
                block = self._region(level, left, top, BLOCK, BLOCK)[max(0, y - top) :, max(0, x - left) :]
                target = pixels[max(0, top - y) :, max(0, left - x) :][: block.shape[0], : block.shape[1]]
                target[:] = block[: target.shape[0], : target.shape[1]]
        return pixels

    def _region(self, level: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        finest = self.downsamples[level]
        try:
            region = self._slide.read_region((round(x * finest), round(y * finest)), level, (width, height))
        except self._failure as error:
            raise DataError(f"{self._name}: damaged or truncated ({error}); accepted: a whole slide") from None
        rgba = np.asarray(region)
        if rgba[..., 3].min() == 255:
            return rgba[..., :3]
        white = Image.new("RGBA", region.size, "white")
        return np.asarray(Image.alpha_composite(white, region).convert("RGB"))

    def _find_tiles(self, path: Path, pages: Sequence[Directory]) -> dict[int, Tiles]:
        """Find the page of every level by its size; raises DataError if pictures of its kind are refused."""
        tiled = {page.size: page for page in reversed(pages) if page.tiled}
        tiles = {}
        for level, size in enumerate(self.sizes):
            if (page := tiled.get(size)) is None:
                continue
            if reason := why_refused(page):
                raise DataError(f"{self._name}: {reason}; accepted: slides of 8-bit RGB or grey without transparency")
            if page.compression == tiff.JPEG or why_unreadable(page) is None:
                tiles[level] = Tiles(path, page, self._name)
        return tiles


class SubDirectoryLevels:
    """A pyramid whose smaller levels are SubIFDs of the first page, as OME-TIFF has them."""

    def __init__(self, path: Path, name: str, page: Directory) -> None:
        """Open a pyramid; DataError if a level cannot be read."""
        levels = [page, *sorted(page.sub_directories(), key=lambda level: level.size, reverse=True)]
        for level, directory in enumerate(levels):
            if reason := why_unreadable(directory):
                raise DataError(
                    f"{name}: level {level} of a pyramid in SubIFDs has {reason}; accepted: tiles of 8-bit RGB or grey "
                    "without transparency, in JPEG, JPEG 2000, LZW, deflate, Zstandard or WebP"
                )
        self.vendor = "subifd-tiff"
        self.um_per_px = _ome_um_per_px(page) or resolution_of(page)
        self._tiles = [Tiles(path, level, name) for level in levels]
        self.sizes = tuple(level.size for level in levels)
        (width, height), *_ = self.sizes
        self.downsamples = tuple((width / across + height / down) / 2 for across, down in self.sizes)

    def read(self, level: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        """Return a rectangle of a level."""
        return self._tiles[level].read(x, y, width, height)


def resolution_of(page: Directory) -> tuple[float, float] | None:
    """Return µm/px across and down from the resolution of a page, or None if it gives none."""
    unit = _UM_PER_UNIT.get(page.number(tiff.RESOLUTION_UNIT, 2))
    across, down = page.ratio(tiff.X_RESOLUTION), page.ratio(tiff.Y_RESOLUTION)
    return (unit / across, unit / down) if unit and across and down else None


def _ome_um_per_px(page: Directory) -> tuple[float, float] | None:
    """Return µm/px across and down from the OME-XML of a page, or None if it gives none in µm."""
    text = page.raw(tiff.DESCRIPTION)
    sizes: dict[bytes, bytes] = dict(reversed(_OME_SIZE.findall(text)))  # of the first image
    units: dict[bytes, bytes] = dict(reversed(_OME_UNIT.findall(text)))
    if b"<OME" not in text or any(units.get(axis, "µm".encode()) not in _MICROMETRE for axis in (b"X", b"Y")):
        return None
    try:
        return float(sizes[b"X"]), float(sizes[b"Y"])
    except (KeyError, ValueError):
        return None


_MICROMETRE = {"µm".encode(), "μm".encode(), b"um", b"&#181;m", b"&#xB5;m", b"\xb5m"}


def _pages(path: Path, closing: ExitStack) -> list[Directory]:
    """Return the pages of a TIFF file, or none of another file or where they are damaged."""
    file = closing.enter_context(path.open("rb"))
    try:
        return list(_at_most(tiff.directories(file)))
    except TiffError:
        return []


def _at_most(pages: Iterator[Directory]) -> Iterator[Directory]:
    for _, page in zip(range(tiff.MOST_PAGES), pages, strict=False):
        yield page


@functools.cache
def _openslide_cache() -> openslide.OpenSlideCache:
    import openslide  # noqa: PLC0415 - optional

    return openslide.OpenSlideCache(CACHE_BYTES)
