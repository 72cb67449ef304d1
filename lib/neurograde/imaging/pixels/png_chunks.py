"""PNG files without texts and colour profile, which are not used: large ones make Pillow refuse the whole file."""

from __future__ import annotations

import struct

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UNUSED = {b"iCCP", b"iTXt", b"tEXt", b"zTXt"}
_EXIF = b"Raw profile type exif"
"""The keyword under which ImageMagick writes EXIF, whose orientation is used."""


def without_texts(data: bytes) -> bytes:
    """Return a PNG file without its texts and its colour profile, or, of another kind, the same bytes.

    >>> chunk = struct.pack(">I", 4) + b"tEXt" + b"abcd" + bytes(4)
    >>> without_texts(_SIGNATURE + chunk + b"rest") == _SIGNATURE + b"rest"
    True
    """
    if not data.startswith(_SIGNATURE):
        return data
    kept, start, position = [], 0, len(_SIGNATURE)
    while position + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        end = position + 12 + length
        exif = data[position + 8 : position + 8 + len(_EXIF)] == _EXIF
        if kind in _UNUSED and not exif:
            kept.append(data[start:position])
            start = end
        position = end
    return b"".join([*kept, data[start:]]) if kept else data
