"""Tiles of one level of a TIFF slide: decoded as they are stored, and JPEG data tested for damage.

A tile is decoded as a TIFF file of that one tile, so that libtiff sees to compression, predictor and colours. JPEG 2000
data are decoded as what they are.
"""

from __future__ import annotations

import io
import struct
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurograde.errors import DataError
from neurograde.imaging.pixels import tiff
from neurograde.imaging.pixels.jpeg import jpeg_damage
from neurograde.imaging.pixels.tiff import Directory

CACHE_BYTES = 32 * 2**20
"""Decoded tiles that a level keeps, so that neighbouring squares decode a tile once."""
_JPEG_2000 = {33003, 33005, 34712}
_READ = {1, 5, tiff.JPEG, 8, 32946, 32773, 50000, 50001} | _JPEG_2000
_COPIED = (tiff.COMPRESSION, tiff.PHOTOMETRIC, 266, 317, tiff.JPEG_TABLES, 532)
_CHROMA = 530  # of JPEG data libtiff finds it itself, more surely than from the tag
_GREY, _RGB, _YCBCR = 1, 2, 6
_WHITE = 255


def why_unreadable(page: Directory) -> str | None:
    """Return why the tiles of a page cannot be decoded here, or None if they can."""
    if not page.tiled:
        return "pixels in strips instead of tiles"
    if page.compression not in _READ:
        name = tiff.COMPRESSIONS.get(page.compression)
        return f"compression {page.compression}" + (f" ({name})" if name else "")
    return why_refused(page)


def why_refused(page: Directory) -> str | None:
    """Return why a page is refused by the rules that hold for pictures too, or None if it is not."""
    samples = page.number(tiff.SAMPLES, 1)
    photometric = page.number(tiff.PHOTOMETRIC)
    orientation = page.number(tiff.ORIENTATION, 1)
    if max(page.numbers(tiff.BITS), default=1) > 8 or page.number(tiff.SAMPLE_FORMAT, 1) != 1:
        return "more than 8 bits a channel"
    if photometric not in (_GREY, _RGB, _YCBCR):
        return f"colour mode {photometric} (the tag PhotometricInterpretation)"
    if samples != (1 if photometric == _GREY else 3):
        return f"{samples} channels, so one of transparency or of another kind"
    if samples > 1 and page.number(tiff.PLANAR, 1) != 1:
        return "channels in separate planes"
    if orientation != 1:
        return f"orientation {orientation}, which slides are not turned by"
    return None


class Tiles:
    """The tiles of a page; safe to use from several threads."""

    def __init__(self, path: Path, page: Directory, name: str) -> None:
        """Find the tiles of `page`, a page of the file `path`; `name` is the file's name in messages."""
        self._path, self._page, self._name = path, page, name
        self.width, self.height = page.size
        self._tile = page.number(tiff.TILE_WIDTH), page.number(tiff.TILE_HEIGHT)
        self._across = -(-self.width // self._tile[0])
        self._parts = page.parts
        self._tables = page.raw(tiff.JPEG_TABLES) or None
        copied = _COPIED if page.compression == tiff.JPEG else (*_COPIED, _CHROMA)
        self._copied = {tag: page.copy(tag) for tag in copied if tag in page}
        self._whole: set[int] = set()
        self._cache: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def complete(self) -> bool:
        """True if every tile was written."""
        return all(length for _, length in self._parts)

    def check(self, x: int, y: int, width: int, height: int) -> None:
        """Raise DataError if libjpeg warns of a tile under a rectangle. Each tile is tested once."""
        if self._page.compression != tiff.JPEG:
            return
        for number in self._under(x, y, width, height):
            if number in self._whole:
                continue
            data = self._data(number)
            if data and (reason := jpeg_damage(data, self._tables)):
                raise self._damage(number, reason)
            self._whole.add(number)

    def read(self, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        """Return the stored pixels of a rectangle, (height, width, 3) uint8 RGB; white where nothing is stored."""
        self.check(x, y, width, height)
        pixels = np.full((height, width, 3), _WHITE, np.uint8)
        for number in self._under(x, y, width, height):
            row, col = divmod(number, self._across)
            left, top = col * self._tile[0] - x, row * self._tile[1] - y  # of the tile, in the rectangle
            tile = self._decoded(number)[: self.height - row * self._tile[1], : self.width - col * self._tile[0]]
            part = tile[max(0, -top) :, max(0, -left) :]
            target = pixels[max(0, top) :, max(0, left) :][: part.shape[0], : part.shape[1]]
            target[:] = part[: target.shape[0], : target.shape[1]]
        return pixels

    def _under(self, x: int, y: int, width: int, height: int) -> list[int]:
        """Return the numbers of the tiles under a rectangle that lies at least partly within the level."""
        right, bottom = min(x + width, self.width), min(y + height, self.height)
        rows = range(max(0, y) // self._tile[1], -(-bottom // self._tile[1]))
        cols = range(max(0, x) // self._tile[0], -(-right // self._tile[0]))
        return [row * self._across + col for row in rows for col in cols]

    def _decoded(self, number: int) -> NDArray[np.uint8]:
        with self._lock:
            if number in self._cache:
                self._cache.move_to_end(number)
                return self._cache[number]
        pixels = self._decode(number)
        with self._lock:
            self._cache[number] = pixels
            while len(self._cache) * pixels.nbytes > CACHE_BYTES and len(self._cache) > 1:
                self._cache.popitem(last=False)
        return pixels

    def _decode(self, number: int) -> NDArray[np.uint8]:
        data = self._data(number)
        if not data:
            return np.full((self._tile[1], self._tile[0], 3), _WHITE, np.uint8)
        try:
            if self._page.compression in _JPEG_2000:
                return _jpeg_2000(data, ycbcr=self._page.compression == 33003)
            with Image.open(io.BytesIO(self._as_file(data)), formats=["TIFF"]) as image:
                return np.asarray(image.convert("RGB"))
        except Exception as error:  # damaged data make Pillow raise whatever it stumbles over
            raise self._damage(number, " ".join(str(error).split()) or type(error).__name__) from error

    def _data(self, number: int) -> bytes:
        if number >= len(self._parts):
            raise self._damage(number, "it is missing")
        offset, length = self._parts[number]
        with self._path.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
        if len(data) != length:
            raise self._damage(number, "it lies beyond the file's end")
        return data

    def _as_file(self, data: bytes) -> bytes:
        """Return a TIFF file of one tile. Numbers keep the byte order of the slide's file."""
        order, samples = self._page.order, self._page.number(tiff.SAMPLES, 1)
        width, height = self._tile
        tags: dict[int, tuple[int, int, bytes]] = dict(self._copied)
        for tag, kind, values in (
            (tiff.WIDTH, "I", (width,)),
            (tiff.HEIGHT, "I", (height,)),
            (tiff.BITS, "H", (8,) * samples),
            (tiff.SAMPLES, "H", (samples,)),
            (tiff.TILE_WIDTH, "I", (width,)),
            (tiff.TILE_HEIGHT, "I", (height,)),
            (tiff.TILE_OFFSETS, "I", (8,)),
            (tiff.TILE_BYTES, "I", (len(data),)),
        ):
            tags[tag] = (3 if kind == "H" else 4, len(values), struct.pack(f"{order}{len(values)}{kind}", *values))
        body = data + bytes(len(data) % 2)
        entries = []
        for tag, (kind_number, count, value) in sorted(tags.items()):
            if len(value) > 4:
                entries.append(struct.pack(f"{order}HHII", tag, kind_number, count, 8 + len(body)))
                body += value + bytes(len(value) % 2)
            else:
                entries.append(struct.pack(f"{order}HHI4s", tag, kind_number, count, value))
        mark = b"II" if order == "<" else b"MM"
        head = mark + struct.pack(f"{order}HI", 42, 8 + len(body))
        return head + body + struct.pack(f"{order}H", len(entries)) + b"".join(entries) + bytes(4)

    def _damage(self, number: int, reason: str) -> DataError:
        size = f"the level of {self.width} x {self.height} px"
        return DataError(f"{self._name}: damaged: tile {number} of {size}: {reason}; accepted: a whole slide")


def _jpeg_2000(data: bytes, *, ycbcr: bool) -> NDArray[np.uint8]:
    """Decode a codestream of RGB, or of luma and chroma."""
    with Image.open(io.BytesIO(data), formats=["JPEG2000"]) as image:
        start = data.index(b"\xff\x4f\xff\x51") + 42  # depth, steps across and down of every channel (A.5.1)
        if ycbcr and len(set(data[start + 1 : start + 9 : 3])) == 1:  # Pillow converts only where chroma is coarser
            return np.asarray(Image.merge("YCbCr", image.split()).convert("RGB"))
        return np.asarray(image.convert("RGB"))
