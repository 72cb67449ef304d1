from __future__ import annotations

import dataclasses
import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from neurograde.errors import DataError, StoreUnavailable
from neurograde.imaging.cut import CutImage, CutJob, cut, cut_many
from neurograde.maths.patch_grid import Margins
from neurograde.patches.png import decode_png, pixel_sha256

RNG = np.random.Generator(np.random.PCG64(3))
STAINED: NDArray[np.uint8] = RNG.integers((180, 80, 150), (240, 140, 220), (70, 95, 3), dtype=np.uint8)
STAINED[20:40, 20:60] = 244  # cells (1, 1) and (1, 2) of the grid below are glass


def bmp(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "BMP")
    return file.getvalue()


def job(read: Callable[[], bytes] = lambda: bmp(STAINED), name: str = "a.bmp") -> CutJob:
    return CutJob(name, read, 20, 0.5, 10_000, Margins(), frozenset())


def content(image: CutImage) -> dict[str, object]:
    return image.__dict__ | {"tissue_shares": image.tissue_shares.tolist()}


def test_every_patch_is_the_part_of_the_image_that_its_record_names() -> None:
    image = cut(dataclasses.replace(job(), margins=Margins(left=5, top=3)))
    assert (image.grid.n_rows, image.grid.n_cols) == (3, 4)
    assert len(image.patches) > 0
    for patch in image.patches:
        assert (patch.x, patch.y) == (5 + 20 * patch.col, 3 + 20 * patch.row)
        expected = STAINED[patch.y : patch.y + 20, patch.x : patch.x + 20]
        assert np.array_equal(decode_png(patch.png), expected)
        assert patch.pixel_sha256 == pixel_sha256(expected)
        assert patch.tissue_share == image.tissue_shares[patch.row * 4 + patch.col] >= 0.5


def test_background_and_rejected_cells_are_dropped_and_accounted_for() -> None:
    image = cut(dataclasses.replace(job(), rejected=frozenset({(0, 0), (2, 3), (1, 1)})))
    kept = {(patch.row, patch.col) for patch in image.patches}
    assert kept == {(r, c) for r in range(3) for c in range(4)} - {(0, 0), (2, 3), (1, 1), (1, 2)}
    account = image.accounting
    assert account.patches == 8
    # (1, 1) is both: glass needs no reviewer
    assert (account.labels_px, account.background_px) == (2 * 400, 2 * 400)
    assert account.total_px == 70 * 95
    assert account.borders_px == 70 * 95 - 12 * 400


def test_a_share_of_0_keeps_even_glass() -> None:
    assert len(cut(dataclasses.replace(job(), min_tissue_share=0)).patches) == 12


def test_an_image_smaller_than_a_patch_gives_no_patch_and_is_all_border() -> None:
    image = cut(dataclasses.replace(job(), patch_size_px=71))
    assert image.patches == ()
    assert image.tissue_shares.shape == (0,)
    assert image.accounting.shares["borders"] == 1


def test_the_file_s_digest_and_size_come_along() -> None:
    image = cut(job())
    assert (image.sha256, image.size_bytes) == (hashlib.sha256(bmp(STAINED)).hexdigest(), len(bmp(STAINED)))


def test_a_rejected_cell_outside_the_grid_is_refused() -> None:
    with pytest.raises(DataError, match=r"a\.bmp: rejected square \(3, 0\); accepted: 3 rows, 4 columns"):
        cut(dataclasses.replace(job(), rejected=frozenset({(3, 0), (0, 0)})))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_images_come_in_the_order_of_the_jobs_however_long_each_takes(workers: int) -> None:
    def slow(index: int) -> Callable[[], bytes]:
        def read() -> bytes:
            time.sleep(0.01 * (index % 3 == 0))
            return bmp(np.roll(STAINED, index, axis=1))

        return read

    jobs = [job(slow(index), f"{index}.bmp") for index in range(11)]
    several = list(cut_many(jobs, workers))
    assert [image.name for image in several] == [each.name for each in jobs]
    assert [content(image) for image in several] == [content(cut(each)) for each in jobs]


def test_only_so_many_jobs_are_drawn_as_are_under_way() -> None:
    drawn = 0

    def jobs() -> Iterator[CutJob]:
        nonlocal drawn
        for drawn in range(1, 101):  # noqa: B007 - counted from outside
            yield job()

    images = cut_many(jobs(), workers=2)
    for taken in range(1, 6):
        next(images)
        assert drawn == taken + 3
    images.close()  # type: ignore[attr-defined]
    assert drawn == 8


def test_an_image_that_cannot_be_used_comes_as_its_error_and_the_others_are_cut() -> None:
    cut_or_error = list(cut_many([job(), job(lambda: bmp(STAINED)[:500], "b.bmp"), job(name="c.bmp")], workers=2))
    assert [type(outcome) for outcome in cut_or_error] == [CutImage, DataError, CutImage]
    assert str(cut_or_error[1]).startswith("b.bmp: damaged or truncated")


def test_another_error_comes_whole_and_ends_the_others() -> None:
    started: list[int] = []

    def counted(index: int) -> Callable[[], bytes]:
        def read() -> bytes:
            started.append(index)
            if index == 2:
                raise StoreUnavailable("2.bmp")
            return bmp(STAINED)

        return read

    images = cut_many((job(counted(index), f"{index}.bmp") for index in range(100)), workers=2)
    assert [next(images).name, next(images).name] == ["0.bmp", "1.bmp"]
    with pytest.raises(StoreUnavailable, match=r"^2\.bmp"):
        next(images)
    assert len(started) <= 6
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cut")]


def test_fewer_than_one_worker_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="0 workers; accepted: 1 or more"):
        cut_many([], workers=0)


def test_no_job_gives_no_image() -> None:
    assert list(cut_many([], workers=2)) == []
