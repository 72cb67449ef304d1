from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

from neurograde.errors import DataError
from neurograde.patches.png import decode_png, encode_png, pixel_sha256

quick = settings(max_examples=60, deadline=None, derandomize=True)
patches = hnp.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(3)))


@quick
@given(patches)
def test_what_is_written_is_read_back_pixel_by_pixel(patch: NDArray[np.uint8]) -> None:
    assert np.array_equal(decode_png(encode_png(patch)), patch)


def test_every_pair_of_neighbours_is_predicted_modulo_256() -> None:
    # 65,536 pixels, each with another (left, above): the average of bytes without a ninth bit is easily got wrong
    left, above = np.divmod(np.arange(65536, dtype=np.int64), 256)
    patch = np.zeros((2, 2 * 65536, 3), dtype=np.uint8)
    patch[0, 1::2], patch[1, 0::2], patch[1, 1::2] = above[:, None], left[:, None], 77
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(patch)))), patch)


@quick
@given(patches)
def test_a_view_gives_the_same_bytes_and_digest_as_its_copy(patch: NDArray[np.uint8]) -> None:
    view = np.flip(np.flip(patch, axis=1).copy(), axis=1)
    assert encode_png(view) == encode_png(patch)
    assert pixel_sha256(view) == pixel_sha256(patch)


def test_the_file_holds_pixels_and_nothing_else() -> None:
    with Image.open(io.BytesIO(encode_png(np.zeros((5, 7, 3), dtype=np.uint8)))) as image:
        image.load()
        assert (image.mode, image.size, image.info, dict(image.getexif())) == ("RGB", (7, 5), {}, {})


def test_flat_glass_stays_small() -> None:
    assert len(encode_png(np.full((250, 250, 3), 243, dtype=np.uint8))) < 3000


@quick
@given(patches, st.integers(0, 10**6), st.integers(1, 255))
def test_another_pixel_is_another_digest(patch: NDArray[np.uint8], where: int, change: int) -> None:
    other = patch.copy()
    other.flat[where % patch.size] ^= change
    assert pixel_sha256(other) != pixel_sha256(patch)


@pytest.mark.parametrize(
    "patch",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=lambda patch: f"{patch.shape} {patch.dtype}",
)
def test_what_is_no_rgb_patch_is_refused(patch: NDArray[np.uint8]) -> None:
    for function in (encode_png, pixel_sha256):
        with pytest.raises(ValueError, match="accepted: \\(height, width, 3\\) uint8"):
            function(patch)


def test_a_damaged_patch_is_refused_by_name() -> None:
    noise = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    whole = encode_png(noise)
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    for data in (whole[:500], bytes(damaged), b""):
        with pytest.raises(DataError, match=r"a_r00_c00\.png: damaged"):
            decode_png(data, "a_r00_c00.png")


def test_a_grey_png_is_no_patch() -> None:
    file = io.BytesIO()
    Image.new("L", (3, 3)).save(file, "PNG")
    with pytest.raises(DataError, match="accepted: an RGB patch"):
        decode_png(file.getvalue())
