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
    orientation in XMP alone                 ignored, as viewers do
    JPEG data, also inside a TIFF file       refused if libjpeg warns of damage (`jpeg.py`)

A refusal, a damaged file and one with too many pixels are each a DataError that names the file. Memory is estimated
from the header; a thread waits with decoding until that much is free.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from neurograde.errors import DataError
from neurograde.imaging.pixels import tiff
from neurograde.imaging.pixels.jpeg import jpeg_damage
from neurograde.imaging.pixels.memory import decoding_memory
from neurograde.imaging.pixels.png_chunks import without_texts

ACCEPTED = "8-bit RGB, grey or palette pictures without transparency, of one frame"

_EXACT_MODES = {"RGB", "RGBX", "RGBA", "RGBa", "L", "LA", "P", "PA", "1"}
_GREY_MODES = {"L", "1"}
_XMP = ("xmp", "XML:com.adobe.xmp")
_DRAWINGS = {"EPS", "WMF"}
_END_OF_CODESTREAM = b"\xff\xd9"
_lock = threading.Lock()


def read_rgb(data: bytes, name: str, max_pixels: int, memory: ExitStack | None = None) -> NDArray[np.uint8]:
    """Decode one image file.

    Args:
        data: The file's bytes.
        name: The file's name in messages.
        max_pixels: An image with more is refused by its header, before anything is decoded.
        memory: Holds the memory of decoding beyond this call, until it is closed; when not given, it is free again
            on return.

    Returns:
        Pixels, (height, width, 3) uint8, possibly read-only.

    Raises:
        DataError: The file is refused, damaged, truncated or too large; the message names it and the reason.
    """
    with ExitStack() as own:
        try:
            image = _open(without_texts(data), name, max_pixels)
            (memory or own).enter_context(decoding_memory().hold(decoding_bytes(image), name))
            _check_jpeg_data(image, data, name)
            image.load()
            _forget_xmp(image)
            with _pillow_set(max_pixels):  # broken EXIF makes it warn
                ImageOps.exif_transpose(image, in_place=True)
            return _to_rgb(image, name)
        except (DataError, MemoryError):
            raise
        except UnidentifiedImageError:
            raise DataError(f"{name}: {_why_unknown(data)}; accepted: {ACCEPTED}") from None
        except Exception as error:  # a damaged file makes Pillow's plugins raise whatever they stumble over
            reason = " ".join(str(error).split()) or type(error).__name__
            raise damaged(name, reason) from error


def _why_unknown(data: bytes) -> str:
    """Return why Pillow does not know a file: the compression, if it is a TIFF file."""
    try:
        page = next(tiff.directories(io.BytesIO(data)))
    except (tiff.TiffError, StopIteration):
        return "not an image that can be read"
    known = tiff.COMPRESSIONS.get(page.compression, "unknown")
    return f"a TIFF file that cannot be read, of compression {page.compression} ({known})"


def damaged(name: str, reason: str) -> DataError:
    """Return the error for a file that is not whole."""
    return DataError(f"{name}: damaged or truncated ({reason}); accepted: a whole image file")


def decoding_bytes(image: Image.Image) -> int:
    """Estimate the memory that decoding an image takes at its peak, from its header.

    Pillow holds 1 byte per pixel of grey, palette and 1-bit pictures and 4 of others; a picture that is converted is
    held twice; an array comes as 3 bytes per pixel, by way of as many. Decoders of progressive JPEG and of WebP hold
    the whole picture as well, that of JPEG 2000 as 32-bit numbers.
    """
    width, height = image.size
    grey = image.mode in _GREY_MODES
    held = 1 if grey or image.mode == "P" else 4
    converted = {"RGB": 0, "L": 0, "1": 1}.get(image.mode, 4)
    array = 4 if grey else 6
    decoder = {"JPEG2000": 16, "WEBP": 8, "JPEG": 6 * bool(image.info.get("progressive"))}.get(str(image.format), 0)
    return width * height * (held + converted + array + decoder)


def _open(data: bytes, name: str, max_pixels: int) -> Image.Image:
    """Return the image with its header read and found acceptable, its pixels not yet decoded."""
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
        pages = _pages(image, data)
        _forget_xmp(image)
        if image.format == "TIFF":
            image.getexif()  # it is kept, so that decoding need not read it again, and warn
    reason = None
    if image.format in _DRAWINGS:
        reason = f"a {image.format} drawing"
    elif pages != "1":
        reason = f"{pages} frames or pages"
    elif _is_deep(image, data):
        reason = "more than 8 bits a channel"
    elif image.mode not in _EXACT_MODES:
        reason = f"colour mode {image.mode}"
    if reason:
        raise DataError(f"{name}: {reason}; accepted: {ACCEPTED}")
    if image.format == "JPEG2000" and _END_OF_CODESTREAM not in data:  # its decoder fills up with black
        raise damaged(name, "no end of the codestream")
    return image


def _pages(image: Image.Image, data: bytes) -> str:
    """Return the number of frames or pages, as a message gives it."""
    if image.format == "MPO":
        return "1"
    if image.format == "TIFF":  # Pillow would parse every page
        count = sum(1 for _ in islice(tiff.directories(io.BytesIO(data)), tiff.MOST_PAGES + 1))
        return f"more than {tiff.MOST_PAGES:,}" if count > tiff.MOST_PAGES else str(count)
    return str(getattr(image, "n_frames", 1))


def _check_jpeg_data(image: Image.Image, data: bytes, name: str) -> None:
    """Raise DataError if libjpeg warns of the file, or of a strip or tile of a TIFF file."""
    if image.format in ("JPEG", "MPO"):
        if reason := jpeg_damage(data):
            raise damaged(name, reason)
    elif image.format == "TIFF":
        page = next(tiff.directories(io.BytesIO(data)))
        if tiff.COMPRESSIONS.get(page.compression) == "old-style JPEG":
            raise DataError(f"{name}: old-style JPEG in a TIFF file; accepted: {ACCEPTED}")
        if page.compression != tiff.JPEG:
            return
        tables = page.raw(tiff.JPEG_TABLES) or None
        for number in range(len(page.parts)):
            if reason := jpeg_damage(page.part(number), tables):
                raise damaged(name, f"JPEG data of {'tile' if page.tiled else 'strip'} {number}: {reason}")


def _forget_xmp(image: Image.Image) -> None:
    """Drop the XMP, from which Pillow would take an orientation where EXIF gives none."""
    if any(image.info.pop(key, None) is not None for key in _XMP):
        image._exif = None


def _is_deep(image: Image.Image, data: bytes) -> bool:
    """Return True if the file holds more than 8 bits a channel, the lower of which Pillow may drop in silence."""
    if image.format == "JPEG2000":
        # the depth less 1 is 42 bytes after the marker pair SOC SIZ (ISO/IEC 15444-1, A.5.1)
        return data[data.index(b"\xff\x4f\xff\x51") + 42] & 0x7F >= 8
    tiles = image.tile if isinstance(image, ImageFile.ImageFile) else []
    if image.format == "PPM" and isinstance(args := tiles[0].args, tuple) and args[-1] > 255:
        return True  # its largest value, where that is not 255
    return image.mode[0] in "IF" or any(re.search("[;I]16", f"{tile.codec_name} {tile.args}") for tile in tiles)


def _to_rgb(image: Image.Image, name: str) -> NDArray[np.uint8]:
    if not image.has_transparency_data:
        if image.mode in _GREY_MODES:  # less memory than Pillow's RGB takes
            grey = np.asarray(image if image.mode == "L" else image.convert("L"))
            return np.repeat(grey[..., None], 3, axis=2)
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
