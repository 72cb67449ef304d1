"""Open images as tiles for a page: review and view show them alike, at any zoom, a screen at a time."""

from __future__ import annotations

import io
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurograde.imaging.pixels.open_image import Opened
from neurograde.imaging.pixels.slide import Slide

T = TypeVar("T")
OPEN_IMAGES = 6
"""Images kept open: the one looked at, and those around it."""
TILE_PX = 512
"""Side of a tile, on the screen."""
THUMBNAILS = 10_000
"""Thumbnails kept, some kB each."""
THUMBNAIL_PX = 120
"""Longer side of a thumbnail."""


class Kept(Generic[T]):
    """The images that were opened last, by index; safe to use from several threads."""

    def __init__(self, read: Callable[[int], T], images: int, most: int = OPEN_IMAGES) -> None:
        """Keep what `read` returns for the last `most` of so many images."""
        self._read, self._opened, self._most = read, OrderedDict[int, T](), most
        self._reading = [threading.Lock() for _ in range(images)]
        self._lock = threading.Lock()

    def __getitem__(self, index: int) -> T:
        with self._reading[index]:  # once, though the page asks for several things; other images need not wait
            with self._lock:
                opened = self._opened.pop(index, None)
            opened = opened if opened is not None else self._read(index)
            with self._lock:
                self._opened[index] = opened
                if len(self._opened) > self._most:
                    self._opened.popitem(last=False)
            return opened


def zooms_of(image: Opened) -> int:
    """Return the number of times that an image must be halved until one tile shows all of it."""
    return max(0, (-(-max(image.width, image.height) // TILE_PX) - 1).bit_length())


def least_zoom_of(image: Opened) -> int:
    """Return the zoom of the finest tiles: below 0 for a slide that is read at a coarser level than its finest."""
    return -math.ceil(math.log2(image.finest_px) - 1e-6) if isinstance(image, Slide) else 0


def tiling(image: Opened) -> dict[str, int]:
    """Return what a page must know to ask for tiles."""
    return {"side_px": TILE_PX, "zooms": zooms_of(image), "least": least_zoom_of(image)}


def tile_of(image: Opened, zoom: int, col: int, row: int, *, quality: int = 95) -> bytes:
    """Return a tile as a JPEG, a pixel being 2^zoom of the image's; smaller at the last edges.

    Raises:
        ValueError: the image has no such tile.
    """
    is_zoom = least_zoom_of(image) <= zoom <= zooms_of(image)
    side = math.ceil(TILE_PX * 2.0**zoom) if is_zoom else 0
    left, top = col * side, row * side
    if not is_zoom or left >= image.width or top >= image.height:
        raise ValueError(f"tile ({row}, {col}) of zoom {zoom}: not of {image.width} x {image.height} px")
    width, height = min(side, image.width - left), min(side, image.height - top)
    size = (math.ceil(width / 2.0**zoom), math.ceil(height / 2.0**zoom))
    return jpeg(image.region(left, top, width, height, size), quality)


def thumbnail_of(image: Opened) -> bytes:
    """Return the whole image as a small JPEG."""
    scale = min(1.0, THUMBNAIL_PX / max(image.width, image.height))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return jpeg(image.region(0, 0, image.width, image.height, size), 85)


def jpeg(pixels: NDArray[np.uint8], quality: int = 95) -> bytes:
    """Return pixels, (height, width, 3), as a JPEG without loss of colour resolution."""
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=quality, subsampling=0)
    return data.getvalue()
