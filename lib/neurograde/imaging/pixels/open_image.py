"""An image that is open, whatever it is in: a picture in memory, or a slide that is read a region at a time."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurograde.errors import DataError
from neurograde.imaging.pixels.pyramids import is_pyramid
from neurograde.imaging.pixels.reader import read_rgb
from neurograde.imaging.pixels.slide import Resolution, Slide
from neurograde.imaging.pixels.tissue import DEFAULT_RULE, TissueRule, tissue_shares
from neurograde.maths.digest import sha256_hex
from neurograde.maths.patch_grid import Grid
from neurograde.specs.patch import SLIDE_SUFFIXES
from neurograde.storage.raw import Files

TIFF_SUFFIXES = (".tif", ".tiff")
BYTES_PER_PX, METADATA_BYTES = 4, 2**26
"""Most bytes that a picture's file has per pixel, without compression, and for all that is not pixels."""


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

    def tissue_shares(self, grid: Grid, rule: TissueRule = DEFAULT_RULE) -> NDArray[np.float64]:
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

    def tissue_shares(self, grid: Grid, rule: TissueRule = DEFAULT_RULE) -> NDArray[np.float64]:
        """Return the shares of `tissue.tissue_shares`."""
        return tissue_shares(self.pixels, grid, rule)

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

    size_bytes: int | None = None
    """Length of the file, where it is known before it is read."""

    @classmethod
    def of(cls, files: Files, path: str) -> ImageFile:
        """Return the file at `path` of a folder."""
        return cls(path, lambda: files.read(path), lambda into: files.local(path, into))

    def open(self, max_pixels: int, resolution: Resolution, memory: ExitStack | None = None) -> Picture | Slide:
        """Open the file: as a slide if it is one, else whole.

        Args:
            max_pixels: A picture with more is refused; a slide may have any number.
            resolution: The size at which a slide is read.
            memory: Holds the memory of decoding a picture, see `read_rgb`.

        Raises:
            DataError: It cannot be read, or not at this size.
        """
        suffix = PurePosixPath(self.name).suffix.lower()
        if self.local is None or suffix not in (*SLIDE_SUFFIXES, *TIFF_SUFFIXES):
            self._check_length(self.size_bytes, max_pixels)
            return self._picture(self.read(), max_pixels, memory)
        folder = Path(mkdtemp(prefix="neurograde-slide-"))
        kept = False
        try:
            path = self.local(folder)
            if suffix not in SLIDE_SUFFIXES and not is_pyramid(path, self.name):
                self._check_length(path.stat().st_size, max_pixels)
                return self._picture(path.read_bytes(), max_pixels, memory)
            slide = Slide(path, self.name, resolution)
            kept = path.parent == folder
            if kept:
                weakref.finalize(slide, shutil.rmtree, folder, ignore_errors=True)
            return slide
        finally:
            if not kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _check_length(self, size_bytes: int | None, max_pixels: int) -> None:
        """Raise DataError if a file is longer than any picture of so many pixels; it need not be read for that."""
        most = BYTES_PER_PX * max_pixels + METADATA_BYTES
        if size_bytes is not None and size_bytes > most:
            raise DataError(f"{self.name}: a file of {size_bytes:,} bytes; accepted: pictures of at most {most:,}")

    def _picture(self, data: bytes, max_pixels: int, memory: ExitStack | None) -> Picture:
        return Picture(read_rgb(data, self.name, max_pixels, memory), sha256_hex(data), len(data))
