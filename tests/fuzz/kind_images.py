"""Images: pictures of every format that is read, and pyramids, damaged as bytes; opened and read as `patch` does."""

from __future__ import annotations

import io
import struct
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from neurograde.imaging.pixels.open_image import ImageFile
from neurograde.imaging.pixels.slide import Resolution
from neurograde.maths.patch_grid import Grid, Margins
from tests.fuzz.bytes_of import damaged
from tests.fuzz.frame import Kind
from tests.support.slides import tissue, write_pyramid

MAX_PIXELS = 1_000_000
SIZE_PX = (120, 90)
RESOLUTIONS = (Resolution(), Resolution(level=1), Resolution(um_per_px=1.0))


def attempt(random: Random, folder: Path) -> None:
    """Open a mutant, measure its tissue and read two regions."""
    name, data = mutant(random)
    path = folder / name
    path.write_bytes(data)
    file = ImageFile(name, path.read_bytes, lambda _into: path)
    with ExitStack() as memory:
        image = file.open(MAX_PIXELS, random.choice(RESOLUTIONS), memory)
        assert image.width * image.height > 0
        grid = Grid(image.width, image.height, Margins(), 32)
        assert len(image.tissue_shares(grid)) == grid.n_cells
        for side in (32, 8):
            pixels = image.region(0, 0, min(32, image.width), min(32, image.height), (side, side))
            assert pixels.shape == (side, side, 3)


def mutant(random: Random) -> tuple[str, bytes]:
    """Return the name and the bytes of an image with a few changes, often in its head."""
    name, data = random.choice(pictures())
    change = random.choice((_bytes, _bytes, _head, _head, _numbers, _suffix))
    return change(name, data, random)


def _bytes(name: str, data: bytes, random: Random) -> tuple[str, bytes]:
    return name, damaged(data, random)


def _head(name: str, data: bytes, random: Random) -> tuple[str, bytes]:
    """Damage where sizes and offsets are: at the begin, or at the end, where TIFF writers put directories."""
    length = min(len(data), random.choice((64, 256, 1024)))
    if random.random() < 0.3:
        return name, data[:-length] + damaged(data[-length:], random)
    return name, damaged(data[:length], random) + data[length:]


def _numbers(name: str, data: bytes, random: Random) -> tuple[str, bytes]:
    """Write an extreme number of two or four bytes over another."""
    changed = bytearray(data)
    at = random.randrange(min(len(data) - 4, random.choice((64, 512, len(data)))))
    order, size = random.choice("<>"), random.choice(("H", "I"))
    number = struct.pack(order + size, random.choice((0, 1, 0x7FFF, 0xFFFF, random.randrange(0xFFFF))))
    if size == "I" and random.random() < 0.5:
        number = random.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"))
    changed[at : at + len(number)] = number
    return name, bytes(changed)


def _suffix(name: str, data: bytes, random: Random) -> tuple[str, bytes]:
    """Give the image the suffix of another."""
    suffix = random.choice((".png", ".jpg", ".tif", ".svs", ".ndpi", ".mrxs", ".bmp", ".webp", ".gif", ".jp2"))
    return f"renamed{suffix}", damaged(data, random) if random.random() < 0.3 else data


@cache
def pictures() -> tuple[tuple[str, bytes], ...]:
    """Return an image in every format that is read, and in some that are refused."""
    pixels = Image.fromarray(tissue(*SIZE_PX))
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "x" * 2000, zip=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    return (
        ("rgb.png", _saved(pixels, "PNG", pnginfo=texts, dpi=(300, 300))),
        ("grey.png", _saved(pixels.convert("L"), "PNG")),
        ("bits.png", _saved(pixels.convert("1"), "PNG")),
        ("palette.png", _saved(pixels.quantize(16), "PNG", transparency=b"\xff" * 16)),
        ("alpha.png", _saved(pixels.convert("RGBA"), "PNG")),
        ("baseline.jpg", _saved(pixels, "JPEG", exif=exif)),
        ("progressive.jpg", _saved(pixels, "JPEG", progressive=True)),
        ("grey.jpg", _saved(pixels.convert("L"), "JPEG")),
        ("two.gif", _saved(pixels.quantize(16), "GIF", save_all=True, append_images=[pixels.quantize(8)])),
        ("one.gif", _saved(pixels.quantize(16), "GIF")),
        ("a.bmp", _saved(pixels, "BMP")),
        ("a.webp", _saved(pixels, "WEBP", lossless=True)),
        ("a.ppm", _saved(pixels, "PPM")),
        ("a.tga", _saved(pixels, "TGA")),
        ("a.jp2", _saved(pixels, "JPEG2000")),
        *((f"{kind}.tif", _saved(pixels, "TIFF", compression=kind)) for kind in ("raw", "tiff_lzw", "jpeg")),
        ("pyramid.tif", _pyramid()),
        ("pyramid.svs", _pyramid()),
        ("sixteen.tif", _tiff(np.zeros((90, 120), np.uint16))),
    )


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def _tiff(pixels: NDArray[np.uint16]) -> bytes:
    data = io.BytesIO()
    tifffile.imwrite(data, pixels)
    return data.getvalue()


def _pyramid() -> bytes:
    """Return a slide of three levels with a resolution of 0.5 µm/px."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "slide.tif"
        write_pyramid(path, tissue(512, 384), um_per_px=0.5)
        return path.read_bytes()


KIND = Kind("images", 700, attempt)
