"""An image that is open, whatever it is in: a picture in memory, or a slide that is read a region at a time."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurograde.imaging.pixels.pyramids import is_pyramid
from neurograde.imaging.pixels.reader import read_rgb
from neurograde.imaging.pixels.slide import Resolution, Slide
from neurograde.imaging.pixels.tissue import tissue_shares
from neurograde.maths.digest import sha256_hex
from neurograde.maths.patch_grid import Grid
from neurograde.specs.patch import SLIDE_SUFFIXES
from neurograde.storage.raw import Files

TIFF_SUFFIXES = (".tif", ".tiff")


class Opened(Protocol):
    """An open image, over which a grid can be laid."""

    @property
    def sha256(self) -> str:
        """Digest of the file."""

    @property
    def size_bytes(self) -> int:
        """Length of the file."""

    @property
    def width(self) -> int:
        """Width, px."""

    @property
    def height(self) -> int:
        """Height, px."""

    def tissue_shares(self, grid: Grid) -> NDArray[np.float64]:
        """Return the share of tissue in every square, (n_cells,)."""

    def region(self, x: int, y: int, width: int, height: int, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """Return a rectangle, (height, width, 3) uint8 RGB; with `size`, scaled to that (width, height)."""


@dataclass(frozen=True)
class Picture:
    """A picture in memory."""

    pixels: NDArray[np.uint8]
    """(height, width, 3) RGB."""
    sha256: str
    size_bytes: int

    @property
    def width(self) -> int:
        """Width, px."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height, px."""
        return int(self.pixels.shape[0])

    def tissue_shares(self, grid: Grid) -> NDArray[np.float64]:
        """Return the shares of `tissue.tissue_shares`."""
        return tissue_shares(self.pixels, grid)

    def region(self, x: int, y: int, width: int, height: int, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """Return a view of the pixels, or, scaled, new ones."""
        pixels = self.pixels[y : y + height, x : x + width]
        if size is None or size == (width, height):
            return pixels
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


@dataclass(frozen=True)
class ImageFile:
    """A file that may be opened."""

    name: str
    """The name in messages; the suffix separates slides from pictures."""
    read: Callable[[], bytes]
    """Fetch the bytes."""
    local: Callable[[Path], Path] | None = None
    """Give the path on this machine, of a copy in the folder if need be. Without it, no file is a slide."""

    @classmethod
    def of(cls, files: Files, path: str) -> ImageFile:
        """Return the file at `path` of a folder."""
        return cls(path, lambda: files.read(path), lambda into: files.local(path, into))

    def open(self, max_pixels: int, resolution: Resolution) -> Picture | Slide:
        """Open the file: as a slide if it is one, else whole.

        Args:
            max_pixels: A picture with more is refused; a slide may have any number.
            resolution: The size at which a slide is read.

        Raises:
            DataError: It cannot be read, or not at this size.
        """
        suffix = PurePosixPath(self.name).suffix.lower()
        if self.local is None or suffix not in (*SLIDE_SUFFIXES, *TIFF_SUFFIXES):
            return self._picture(self.read(), max_pixels)
        folder = Path(mkdtemp(prefix="neurograde-slide-"))
        kept = False
        try:
            path = self.local(folder)
            if suffix not in SLIDE_SUFFIXES and not is_pyramid(path, self.name):
                return self._picture(path.read_bytes(), max_pixels)
            slide = Slide(path, self.name, resolution)
            kept = path.parent == folder
            if kept:
                weakref.finalize(slide, shutil.rmtree, folder, ignore_errors=True)
            return slide
        finally:
            if not kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _picture(self, data: bytes, max_pixels: int) -> Picture:
        return Picture(read_rgb(data, self.name, max_pixels), sha256_hex(data), len(data))
