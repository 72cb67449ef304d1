"""Damaged JPEG data are refused by name, wherever they are; sizes are bounded before anything is decoded."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import ExitStack

import numpy as np
import pytest
from PIL import Image

from neurograde.errors import DataError
from neurograde.imaging.pixels import memory, tiff
from neurograde.imaging.pixels.memory import Memory
from neurograde.imaging.pixels.reader import decoding_bytes, read_rgb
from tests.support.slides import tissue

PIXELS = tissue(640, 480) ^ np.random.default_rng(1).integers(0, 16, (480, 640, 3), np.uint8)


def saved(kind: str, mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(file, kind, **options)
    return file.getvalue()


def hole(data: bytes, at: float = 0.4, size: int = 700) -> bytes:
    start = int(len(data) * at)
    return data[:start] + bytes(size) + data[start + size :]


def ended(data: bytes) -> bytes:
    return data[: len(data) // 2] + b"\xff\xd9"


def read(data: bytes) -> np.ndarray:
    return read_rgb(data, "case 1/ä.jpg", 10**6)


@pytest.mark.parametrize("damage", [hole, ended])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_of_which_libjpeg_warns_is_refused_by_name(damage, progressive: bool, mode: str):
    whole = saved("JPEG", mode, quality=90, progressive=progressive)
    assert np.array_equal(read(whole), np.asarray(Image.open(io.BytesIO(whole)).convert("RGB")))
    Image.open(io.BytesIO(damage(whole))).load()  # Pillow sees nothing
    with pytest.raises(DataError, match=r"^case 1/ä\.jpg: damaged or truncated \(.+\); accepted: a whole image file"):
        read(damage(whole))


def test_bytes_after_the_end_of_a_jpeg_are_no_damage():
    whole = saved("JPEG", quality=90)
    assert np.array_equal(read(whole + b"a preview"), read(whole))


@pytest.mark.parametrize("strip", [16, 480])
def test_damaged_jpeg_data_inside_a_tiff_file_are_refused(strip: int):
    whole = saved("TIFF", compression="jpeg", quality=90, tiffinfo={tiff.ROWS_PER_STRIP: strip})
    assert read(whole).shape == PIXELS.shape
    Image.open(io.BytesIO(hole(whole))).load()
    with pytest.raises(DataError, match="JPEG data of strip"):
        read(hole(whole))


def with_pages(plain: bytes, count: int) -> bytes:
    """A TIFF file with so many more pages, each a directory of one tag."""
    (first,) = struct.unpack("<I", plain[4:8])
    (entries,) = struct.unpack("<H", plain[first : first + 2])
    link, start = first + 2 + 12 * entries, len(plain) + len(plain) % 2
    tag = struct.pack("<HHHII", 1, tiff.WIDTH, 3, 1, 1)
    offsets = [start + 18 * number for number in range(count)]
    chain = b"".join(tag + struct.pack("<I", following) for following in [*offsets[1:], 0])
    return (plain[:link] + struct.pack("<I", start) + plain[link + 4 :]).ljust(start, b"\0") + chain


def test_a_tiff_of_very_many_pages_is_refused_without_reading_them_all():
    with pytest.raises(DataError, match="more than 1,000 frames or pages"):
        read(with_pages(saved("TIFF"), 200_000))


def test_a_picture_that_takes_more_memory_than_there_is_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("neurograde.imaging.pixels.reader.decoding_memory", lambda: Memory(2**20))
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(20_000 * 2501), 9)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    with pytest.raises(DataError, match=r"ä\.png: decoding it takes about 2\.2 GiB; accepted: at most 0\.0 GiB"):
        read_rgb(data, "ä.png", 400_000_000)


def test_memory_is_shared_and_given_back():
    shared = Memory(100)
    with ExitStack() as first:
        first.enter_context(shared.hold(60, "a"))
        first.enter_context(shared.hold(40, "b"))
    with shared.hold(100, "c"), pytest.raises(DataError, match="d: decoding it"):
        shared.hold(101, "d").__enter__()
    assert memory.decoding_memory().total > 0


@pytest.mark.parametrize(("mode", "expected"), [("L", 5), ("1", 6), ("P", 11), ("RGB", 10), ("RGBA", 14)])
def test_the_estimate_covers_every_copy_of_a_picture(mode: str, expected: int):
    assert decoding_bytes(Image.new(mode, (10, 7))) == 70 * expected


def xmp(orientation: int) -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()
    )


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WEBP"])
def test_an_orientation_in_xmp_alone_is_not_applied(kind: str):
    if kind == "TIFF":
        data = saved(kind, tiffinfo={700: xmp(6)})
    elif kind == "PNG":
        plain = saved(kind)
        text = b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + xmp(6)
        data = plain[:33] + struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text)) + plain[33:]
    else:
        data = saved(kind, xmp=xmp(6))
    image = Image.open(io.BytesIO(data))
    image.load()
    assert image.size == (480, 640) or image.getexif()[0x0112] == 6  # Pillow would turn it
    assert np.array_equal(read(data), read(saved(kind)))


@pytest.mark.parametrize("kind", [b"iCCPx\0\0", b"zTXtx\0\0", b"iTXtXML:com.adobe.xmp\0\1\0\0\0"])
def test_a_png_with_much_metadata_is_read(kind: bytes):
    plain = saved("PNG")
    body = kind + zlib.compress(bytes(range(256)) * 8000)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    for at in (33, len(plain) - 12):
        assert np.array_equal(read(plain[:at] + chunk + plain[at:]), PIXELS)


def test_a_tiff_whose_compression_is_not_known_is_named_for_it():
    plain = saved("TIFF")
    entry = struct.pack("<HHI", tiff.COMPRESSION, 3, 1)
    at = plain.index(entry) + len(entry)
    with pytest.raises(DataError, match=r"of compression 34887 \(LERC\); accepted"):
        read(plain[:at] + struct.pack("<H", 34887) + plain[at + 2 :])
