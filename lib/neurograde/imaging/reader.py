"""Bytes of an image file to RGB pixels: every picture Pillow opens, and never in wrong colours.

    what the file holds                      what becomes of it
    8-bit RGB                                as it is
    8-bit grey, 1-bit                        the grey value in all three channels, exact
    palette                                  the palette's colours, exact
    any of these with transparency           accepted if every pixel is opaque; else refused: the colour behind a
                                             transparent pixel is a guess
    CMYK                                     refused: a conversion without the printer's profile is a guess
    more than 8 bits a channel, float        refused: which part of the range is meant is a guess
    LAB, HSV, YCbCr, other colour models     refused, likewise
    several frames or pages                  refused, for which one is meant is a guess; but the second picture of
                                             a camera's MPO file is a preview, so the first is taken
    PostScript, WMF                          refused: drawings, which need a program run to see them
    embedded colour profile                  ignored: values stay as stored, as in the training sets of the field
    EXIF, TIFF orientation                   applied, so that rows and columns are those that a viewer shows

A refusal, a damaged file and one with too many pixels are each a DataError that names the file.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from neurograde.errors import DataError

ACCEPTED = "8-bit RGB, grey or palette pictures without transparency, of one frame"

_EXACT_MODES = {"RGB", "RGBX", "RGBA", "RGBa", "L", "LA", "P", "PA", "1"}
_DRAWINGS = {"EPS", "WMF"}
_END_OF_CODESTREAM = b"\xff\xd9"
_lock = threading.Lock()


def read_rgb(data: bytes, name: str, max_pixels: int) -> NDArray[np.uint8]:
    """Decode one image file.

    Args:
        data: The file's bytes.
        name: What messages call the file.
        max_pixels: An image with more is refused on its header's word, before anything is decoded.

    Returns:
        Pixels, (height, width, 3) uint8, possibly read-only.

    Raises:
        DataError: The file is refused, damaged, truncated or too large; the message names it and says why.
    """
    try:
        image = _open(data, name, max_pixels)
        image.load()
        with _pillow_set(max_pixels):  # broken EXIF makes it warn
            ImageOps.exif_transpose(image, in_place=True)
    except (DataError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise DataError(f"{name}: not an image that can be read; accepted: {ACCEPTED}") from None
    except Exception as error:  # a damaged file makes Pillow's plugins raise whatever they stumble over
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{name}: damaged or truncated ({reason}); accepted: a whole image file") from error
    return _to_rgb(image, name)


def _open(data: bytes, name: str, max_pixels: int) -> Image.Image:
    """The image with its header read and found acceptable, its pixels not yet decoded."""
    with _pillow_set(max_pixels):
        try:
            image = Image.open(io.BytesIO(data))
        except Image.DecompressionBombError as error:  # twice as many, so that even opening it is refused
            pixels = int(re.findall(r"\d+", str(error))[0])
            raise DataError(f"{name}: {pixels:,} pixels; accepted: at most {max_pixels:,} pixels") from None
        width, height = image.size
        if width * height > max_pixels:
            size = f"{width} x {height} = {width * height:,} pixels"
            raise DataError(f"{name}: {size}; accepted: at most {max_pixels:,} pixels")
        n_frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        if image.format == "TIFF":
            image.getexif()  # it is kept, so that decoding need not read it again, and warn
    reason = None
    if image.format in _DRAWINGS:
        reason = f"a {image.format} drawing"
    elif n_frames > 1:
        reason = f"{n_frames} frames or pages"
    elif _is_deep(image, data):
        reason = "more than 8 bits a channel"
    elif image.mode not in _EXACT_MODES:
        reason = f"colour mode {image.mode}"
    if reason:
        raise DataError(f"{name}: {reason}; accepted: {ACCEPTED}")
    if image.format == "JPEG2000" and _END_OF_CODESTREAM not in data:  # its decoder fills up with black
        raise DataError(f"{name}: truncated (no end of the codestream); accepted: a whole image file")
    return image


def _is_deep(image: Image.Image, data: bytes) -> bool:
    """Whether the file holds more than 8 bits a channel, the lower of which Pillow may drop in silence."""
    if image.format == "JPEG2000":
        # the depth less 1 stands 42 bytes after the marker pair SOC SIZ (ISO/IEC 15444-1, A.5.1)
        return data[data.index(b"\xff\x4f\xff\x51") + 42] & 0x7F >= 8
    tiles = image.tile if isinstance(image, ImageFile.ImageFile) else []
    if image.format == "PPM" and isinstance(args := tiles[0].args, tuple) and args[-1] > 255:
        return True  # its largest value, where that is not 255
    return image.mode[0] in "IF" or any(re.search("[;I]16", f"{tile.codec_name} {tile.args}") for tile in tiles)


def _to_rgb(image: Image.Image, name: str) -> NDArray[np.uint8]:
    if not image.has_transparency_data:
        return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    rgba = np.asarray(image.convert("RGBA"))
    if transparent := int(np.count_nonzero(rgba[..., 3] < 255)):
        raise DataError(f"{name}: {transparent:,} transparent pixels; accepted: {ACCEPTED}")
    return np.ascontiguousarray(rgba[..., :3])


@contextmanager
def _pillow_set(max_pixels: int) -> Iterator[None]:
    """Pillow without its warnings and with our limit of pixels in place of its own.

    Both settings belong to the whole process, so one thread at a time may change them, and changes them back. Only
    headers are read in here, and the odd picture turned; decoding goes on in all threads at once.
    """
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before
