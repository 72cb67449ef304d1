from __future__ import annotations

import contextlib
import io
import struct
import threading
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from neurograde.errors import DataError
from neurograde.imaging.pixels.reader import read_rgb

RNG = np.random.Generator(np.random.PCG64(7))
PIXELS: NDArray[np.uint8] = RNG.integers(0, 256, (40, 56, 3), dtype=np.uint8)
RGB = Image.fromarray(PIXELS)
GREY = RGB.convert("L")
OPAQUE = Image.merge("RGBA", [*RGB.split(), Image.new("L", RGB.size, 255)])
HOLED = Image.merge("RGBA", [*RGB.split(), Image.fromarray(PIXELS[..., 0] | 128)])
PALETTE = RGB.quantize(64)
DEEP = Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def read(data: bytes, max_pixels: int = 10_000) -> NDArray[np.uint8]:
    return read_rgb(data, "case 1/ä.img", max_pixels)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_rgb16() -> bytes:
    rows = zlib.compress(b"".join(b"\0" + RNG.bytes(56 * 6) for _ in range(40)))
    header = struct.pack(">IIBBBBB", 56, 40, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def deep_jpeg2000() -> bytes:
    """A JPEG 2000 whose header is made to say that its three channels have 16 bits."""
    data = bytearray(saved(RGB, "JPEG2000", irreversible=False, no_jp2=True))
    data[42:51:3] = b"\x0f\x0f\x0f"
    return bytes(data)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM", "TGA", "JPEG2000"])
def test_rgb_comes_through_unchanged(kind: str) -> None:
    assert np.array_equal(read(saved(RGB, kind)), PIXELS)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_files_give_what_pillow_decodes(kind: str) -> None:
    data = saved(RGB, kind)
    assert np.array_equal(read(data), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize(
    ("image", "kind", "options"),
    [
        (GREY, "PNG", {}),
        (GREY, "TIFF", {}),
        (RGB.convert("1"), "PNG", {}),
        (PALETTE, "PNG", {}),
        (PALETTE, "GIF", {}),
        (OPAQUE, "PNG", {}),
        (OPAQUE, "TIFF", {}),
        (OPAQUE.convert("LA"), "PNG", {}),
        (PALETTE, "PNG", {"transparency": 200}),  # an entry that no pixel uses
        (PALETTE, "PNG", {"transparency": b"\xff" * 64}),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else str(value)[:24],
)
def test_exact_conversions_give_the_colours_the_file_means(
    image: Image.Image, kind: str, options: dict[str, Any]
) -> None:
    assert np.array_equal(read(saved(image, kind, **options)), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (saved(HOLED, "PNG"), "transparent pixels"),
        (saved(HOLED.convert("LA"), "PNG"), "transparent pixels"),
        (saved(PALETTE, "PNG", transparency=3), "transparent pixels"),
        (saved(RGB, "PNG", transparency=tuple(PIXELS[0, 0].tolist())), "1 transparent pixels"),
        (saved(RGB.convert("CMYK"), "JPEG"), "colour mode CMYK"),
        (saved(RGB.convert("CMYK"), "TIFF"), "colour mode CMYK"),
        (saved(RGB.convert("YCbCr"), "TIFF"), "colour mode YCbCr"),
        (saved(Image.new("LAB", (9, 9)), "TIFF"), "colour mode LAB"),
        (saved(DEEP, "PNG"), "more than 8 bits"),
        (saved(DEEP, "TIFF"), "more than 8 bits"),
        (saved(DEEP, "JPEG2000"), "more than 8 bits"),
        (deep_jpeg2000(), "more than 8 bits"),
        (png_rgb16(), "more than 8 bits"),
        (b"P6\n56 40\n65535\n" + RNG.bytes(56 * 40 * 6), "more than 8 bits"),
        (saved(GREY.convert("F"), "TIFF"), "more than 8 bits"),
        (saved(RGB, "TIFF", save_all=True, append_images=[RGB]), "2 frames or pages"),
        (saved(RGB, "GIF", save_all=True, append_images=[RGB.rotate(180)]), "2 frames or pages"),
        (saved(RGB, "EPS"), "a EPS drawing"),
        (b"image,class\nx.png,D\n", "not an image"),
        (b"", "not an image"),
    ],
)
def test_what_would_come_out_in_wrong_colours_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        read(data)
    message = str(caught.value)
    assert message.startswith("case 1/ä.img: ")
    assert "accepted: " in message
    assert "\n" not in message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP", "JPEG2000", "GIF"])
def test_a_truncated_file_is_refused_wherever_it_ends_and_without_a_warning(kind: str) -> None:
    whole = saved(RGB, kind)
    last = len(whole) - 24  # in a PNG, what follows the pixels has no bearing on them
    for length in [*range(0, last, max(1, last // 60)), last]:
        with pytest.raises(DataError, match=r"^case 1/ä\.img: "):
            read(whole[:length])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_damaged_file_is_decoded_or_refused_but_never_ends_in_another_error(kind: str) -> None:
    whole = saved(RGB, kind)
    for position in range(0, len(whole), max(1, len(whole) // 150)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x55
        with contextlib.suppress(DataError):
            assert read(bytes(damaged)).dtype == np.uint8


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_broken_exif_is_no_reason_to_refuse_or_to_warn(kind: str) -> None:
    data = saved(RGB, kind, exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01")
    assert np.array_equal(read(data), read(saved(RGB, kind)))


def test_a_png_with_one_wrong_byte_of_pixels_is_refused() -> None:
    damaged = bytearray(saved(RGB, "PNG"))
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(DataError, match="damaged or truncated"):
        read(bytes(damaged))


def test_a_camera_s_mpo_file_gives_its_first_picture() -> None:
    data = saved(RGB, "MPO", save_all=True, append_images=[GREY.convert("RGB")])
    assert np.array_equal(read(data), read(saved(RGB, "JPEG")))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_picture_is_turned_as_a_viewer_shows_it(kind: str, orientation: int) -> None:
    def turned(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        steps: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
            1: lambda a: a,
            2: lambda a: a[:, ::-1],
            3: lambda a: a[::-1, ::-1],
            4: lambda a: a[::-1],
            5: lambda a: a.transpose(1, 0, 2),
            6: lambda a: a[::-1].transpose(1, 0, 2),
            7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
            8: lambda a: a[:, ::-1].transpose(1, 0, 2),
        }
        return steps[orientation](pixels)

    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(read(saved(RGB, kind, exif=exif)), turned(read(saved(RGB, kind))))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises that many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + rows + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(101, 100), (150, 100), (60_000, 60_000)])
def test_too_many_pixels_are_refused_on_the_header_s_word(width: int, height: int) -> None:
    with pytest.raises(DataError, match="accepted: at most 10,000 pixels"):
        read(bomb(width, height))


def test_the_limit_itself_is_accepted() -> None:
    assert read(saved(RGB, "PNG"), max_pixels=40 * 56).shape == (40, 56, 3)


def test_a_limit_above_pillow_s_own_is_honoured() -> None:
    with pytest.raises(DataError, match="damaged or truncated"):  # and not: too large
        read(bomb(20_000, 10_000), max_pixels=200_000_000)


def test_pillow_s_settings_and_the_warnings_filters_are_as_before_whatever_the_threads_did() -> None:
    before = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    files = [saved(RGB, "PNG"), bomb(500, 500), saved(RGB, "TIFF")[:90], b""]

    def work() -> None:
        for data in files * 10:
            try:
                read(data)
            except DataError:
                continue

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before
