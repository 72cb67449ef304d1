"""Directories of a TIFF file (TIFF 6.0, BigTIFF): the tags of each page, without decoding any of it."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MOST_PAGES = 1000
"""Directories that are read of a file; no slide has as many."""
_MOST_ENTRIES = 4096
_MOST_BYTES = 2**28  # of one tag: offsets of 33 million tiles
_TYPES = {1: "B", 2: "s", 3: "H", 4: "I", 6: "b", 7: "s", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_RATIONAL = 5

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, DESCRIPTION = 254, 256, 257, 258, 259, 262, 270
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES = 273, 274, 277, 278, 279
X_RESOLUTION, Y_RESOLUTION, PLANAR, RESOLUTION_UNIT = 282, 283, 284, 296
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, SUB_DIRECTORIES, SAMPLE_FORMAT = 322, 323, 324, 325, 330, 339
JPEG_TABLES = 347
JPEG = 7
"""The compression whose strips and tiles are JPEG data (TIFF Technical Note 2)."""
COMPRESSIONS = {
    1: "none",
    5: "LZW",
    6: "old-style JPEG",
    JPEG: "JPEG",
    8: "deflate",
    32946: "deflate",
    32773: "PackBits",
}
COMPRESSIONS |= {33003: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000", 34887: "LERC", 34892: "lossy JPEG of DNG"}
COMPRESSIONS |= {22610: "JPEG XR", 34925: "LZMA", 34933: "PNG", 34934: "JPEG XR", 50000: "Zstandard", 50001: "WebP"}
COMPRESSIONS |= {50002: "JPEG XL", 52546: "JPEG XL", 2: "CCITT", 3: "CCITT fax", 4: "CCITT fax", 34676: "LogLuv"}


class TiffError(ValueError):
    """A file of another format, or one whose directories are damaged."""


@dataclass(frozen=True)
class _Layout:
    """The sizes of numbers in a file: those of TIFF, or of BigTIFF."""

    order: str
    offset: str
    count: str
    entry: str

    @classmethod
    def of(cls, order: str, big: bool) -> _Layout:  # noqa: FBT001 - private
        return cls(order, "Q", "Q", "HHQ8s") if big else cls(order, "I", "H", "HHI4s")

    def read(self, file: BinaryIO, kinds: str) -> tuple[int, ...]:
        form = self.order + kinds
        data = file.read(struct.calcsize(form))
        try:
            return struct.unpack(form, data)
        except struct.error:
            raise TiffError("a directory lies beyond the file's end") from None


class Directory:
    """A page of a TIFF file: its tags."""

    def __init__(self, file: BinaryIO, layout: _Layout, entries: dict[int, tuple[int, int, bytes]]) -> None:
        """Open a page; values are read from `file` as its tags are wanted."""
        self._file, self._layout, self._entries = file, layout, entries

    def __contains__(self, tag: int) -> bool:
        """Return True if the page has the tag."""
        return tag in self._entries

    @property
    def order(self) -> str:
        """The byte order, as `struct` writes it."""
        return self._layout.order

    def copy(self, tag: int) -> tuple[int, int, bytes]:
        """Return the type, the number of values and the bytes of a tag."""
        kind, count, _ = self._entries[tag]
        return kind, count, self.raw(tag)

    def raw(self, tag: int) -> bytes:
        """Return the bytes of a tag's value; empty if the page lacks it."""
        kind, count, inline = self._entries.get(tag, (1, 0, b""))
        size = count * (8 if kind in (_RATIONAL, 10) else struct.calcsize(_TYPES.get(kind, "B")))
        if size <= len(inline):
            return inline[:size]
        if size > _MOST_BYTES:
            raise TiffError(f"tag {tag} of {size:,} bytes")
        self._file.seek(struct.unpack(self._layout.order + self._layout.offset, inline)[0])
        data = self._file.read(size)
        if len(data) != size:
            raise TiffError(f"tag {tag} lies beyond the file's end")
        return data

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return the whole numbers of a tag; empty if the page lacks it."""
        kind, count, _ = self._entries.get(tag, (1, 0, b""))
        form = _TYPES.get(kind, "s")
        if form == "s":
            return tuple(self.raw(tag))
        return struct.unpack(f"{self._layout.order}{count}{form}", self.raw(tag))

    def number(self, tag: int, default: int = 0) -> int:
        """Return the first number of a tag, or the default."""
        return next(iter(self.numbers(tag)), default)

    def ratio(self, tag: int) -> float | None:
        """Return a rational number, or None if the page lacks it or its denominator is 0."""
        if self._entries.get(tag, (0, 0, b""))[0] != _RATIONAL:
            return None
        above, below = struct.unpack(self._layout.order + "II", self.raw(tag)[:8])
        return above / below if below else None

    @functools.cached_property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.number(WIDTH), self.number(HEIGHT)

    @property
    def tiled(self) -> bool:
        """True if the pixels are in tiles, not in strips."""
        return TILE_OFFSETS in self

    @property
    def reduced(self) -> bool:
        """True if the page is marked as a smaller version of another."""
        return bool(self.number(SUBFILE) & 1)

    @property
    def compression(self) -> int:
        """The number of the compression."""
        return self.number(COMPRESSION, 1)

    @functools.cached_property
    def parts(self) -> list[tuple[int, int]]:
        """Offset and length of every tile or strip, row by row."""
        offsets, lengths = (TILE_OFFSETS, TILE_BYTES) if self.tiled else (STRIP_OFFSETS, STRIP_BYTES)
        return list(zip(self.numbers(offsets), self.numbers(lengths), strict=False))

    def part(self, number: int) -> bytes:
        """Return the bytes of a tile or strip; empty if it was never written."""
        offset, length = self.parts[number]
        self._file.seek(offset)
        return self._file.read(length)

    def sub_directories(self) -> list[Directory]:
        """Return the pages that hang below this one."""
        return [
            _directory(self._file, self._layout, offset)[0] for offset in self.numbers(SUB_DIRECTORIES)[:MOST_PAGES]
        ]


def directories(file: BinaryIO) -> Iterator[Directory]:
    """Yield the pages of a TIFF file, in the order of the file, one directory read at a time.

    Raises:
        TiffError: It is of another format, or a directory is damaged.
    """
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        raise TiffError("no TIFF file")
    version = struct.unpack(f"{order}H", head[2:4])[0]
    if version not in (42, 43):
        raise TiffError("no TIFF file")
    layout = _Layout.of(order, big=version == 43)
    file.seek(4 if version == 42 else 8)
    (offset,) = layout.read(file, layout.offset)
    seen: set[int] = set()
    while offset:
        if offset in seen:
            raise TiffError("directories that go in a circle")
        seen.add(offset)
        directory, offset = _directory(file, layout, offset)
        yield directory


def _directory(file: BinaryIO, layout: _Layout, offset: int) -> tuple[Directory, int]:
    """Read a directory; returns it and the offset of the next."""
    file.seek(offset)
    (count,) = layout.read(file, layout.count)
    if count > _MOST_ENTRIES:
        raise TiffError(f"a directory of {count:,} tags")
    entries = {}
    for _ in range(count):
        tag, kind, n_values, value = layout.read(file, layout.entry)
        entries[tag] = (kind, n_values, value)
    (following,) = layout.read(file, layout.offset)
    return Directory(file, layout, entries), following  # type: ignore[arg-type]  # struct gives bytes for "s"
