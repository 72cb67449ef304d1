"""One image in, its patches out: read once, cut on the grid, background and rejected squares dropped.

A picture's patches come with it. A slide may have more than memory holds: which squares are kept is known from its
small level, and its patches are read only as they are taken, a run of neighbouring squares at a time.

`cut_many` spreads images over threads, not processes: reading a store, decoding, hashing and compressing all let go
of the interpreter lock. Over 1,348 patches on 2 cores (Xeon, Python 3.11, Pillow 13.0), patches per second: 405 on
one thread, 780 on two threads, 720 in two processes, whose results must be copied and which take half a second to
start. Threads also see a `memory://` store, and leave no orphans behind when the job is killed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from neurograde.errors import DataError
from neurograde.imaging.pixels.open_image import ImageFile, Opened, Picture
from neurograde.imaging.pixels.slide import BLOCK_PX, UNSPECIFIED, RequestError, Resolution, Slide
from neurograde.imaging.pixels.tissue import DEFAULT_RULE, TissueRule
from neurograde.maths.patch_grid import Accounting, Grid, Margins
from neurograde.patches.png import encode_png, pixel_sha256

T = TypeVar("T")
Square = tuple[int, int, int, int, float]
"""Row, column, left and top edge in px, share of tissue."""


@dataclass(frozen=True)
class Patch:
    """A square that was kept."""

    row: int
    col: int
    x: int
    """Left edge in the image, px."""
    y: int
    """Top edge in the image, px."""
    tissue_share: float
    png: bytes
    """The patch as a PNG file."""
    pixel_sha256: str
    """Digest of the pixels, whatever file they are in."""


@dataclass(frozen=True)
class Verdict:
    """The decision of a review on one image."""

    sha256: str
    """Digest of the file that was reviewed: on another file the verdict is void."""
    size: tuple[int, int]
    """Width and height at which it was reviewed, px: on a slide at another size the verdict is void."""
    margins: Margins
    """The pre-crop that it chose."""
    rejected: frozenset[tuple[int, int]]
    """Squares (row, col) that cannot inherit the image's label."""
    restored: frozenset[tuple[int, int]]
    """Squares that are kept though the tissue filter takes them for background."""


@dataclass(frozen=True)
class CutImage:
    """All that comes out of one image."""

    name: str
    size_bytes: int
    sha256: str
    """Digest of the file that was read."""
    pixel_sha256: str | None
    """Digest of all its pixels, whatever file they are in; None for a slide, which is never decoded whole."""
    grid: Grid
    tissue_shares: NDArray[np.float64]
    """Tissue share of every square, kept or not, (n_squares,)."""
    patches: Iterable[Patch]
    """The squares that were kept, row by row; none if the image is smaller than a patch. Those of a slide can be taken
    once, and are read as they are taken: that may raise DataError."""
    accounting: Accounting
    """With the number of patches."""
    void: bool = False
    """True if there is a verdict, but on another file, or on a slide at another size."""
    slide: Slide | None = None
    """The slide, if it is one."""


@dataclass(frozen=True)
class CutJob:
    """One image to cut: where its bytes come from, and how to cut it."""

    name: str
    """The image's name in messages."""
    read: Callable[[], bytes]
    """Fetches the file; called once, in a worker thread."""
    patch_size_px: int
    min_tissue_share: float
    """A square with a smaller share of tissue is background."""
    max_pixels: int
    """A larger image is refused."""
    margins: Margins
    rejected: frozenset[tuple[int, int]]
    """Squares (row, col) of a table that do not carry the image's label."""
    verdict: Verdict | None = None
    """The verdict of a review, whose margins and squares replace those above."""
    local: Callable[[Path], Path] | None = None
    """Path of the file on this machine, see `ImageFile`; needed for slides."""
    resolution: Resolution = UNSPECIFIED
    """The size at which a slide is cut."""
    tissue: TissueRule = DEFAULT_RULE
    """The rule by which pixels are tissue."""
    workers: int = 1
    """Threads that read the patches of one slide."""
    size_bytes: int | None = None
    """Length of the file, where it is known."""
    read_ahead: bool = False
    """Read all patches of a slide once before any is given out, so that damage is found before."""

    def open(self, memory: ExitStack | None = None) -> Opened:
        """Return the open image; DataError if it cannot be opened. For `memory` see `read_rgb`."""
        file = ImageFile(self.name, self.read, self.local, self.size_bytes)
        return file.open(self.max_pixels, self.resolution, memory)


def cut(job: CutJob) -> CutImage:
    """Cut one image; see `cut_opened`. The memory of a picture is held until its patches are made."""
    with ExitStack() as memory:
        image = cut_opened(job.open(memory), job)
    if job.read_ahead and image.slide is not None:
        for _ in cut_opened(image.slide, job).patches:
            pass
    return image


def cut_or_error(job: CutJob) -> CutImage | DataError:
    """Cut one image, or return the error for one that cannot be used."""
    try:
        return cut(job)
    except RequestError:
        raise
    except DataError as error:
        return error


def cut_opened(image: Opened, job: CutJob) -> CutImage:
    """Cut one image that is open.

    A square that is both background and rejected counts as background, so that the account's loss to labels is what
    the review took beyond the tissue filter.

    Raises:
        DataError: The image cannot be used, or a rejected square is not in its grid.
    """
    verdict = job.verdict
    if verdict and (verdict.sha256, verdict.size) != (image.sha256, (image.width, image.height)):
        verdict = None
    margins, rejected, restored = job.margins, job.rejected, frozenset[tuple[int, int]]()
    if verdict:
        margins, rejected, restored = verdict.margins, verdict.rejected, verdict.restored
    grid = Grid(image.width, image.height, margins, job.patch_size_px)
    if outside := sorted(rejected - set(zip(grid.rows.tolist(), grid.cols.tolist(), strict=True))):
        row, col = outside[0]
        raise RequestError(
            f"{job.name}: rejected square ({row}, {col}); accepted: {grid.n_rows} rows, {grid.n_cols} columns"
        )
    shares = image.tissue_shares(grid, job.tissue)
    squares = zip(
        grid.rows.tolist(), grid.cols.tolist(), grid.x.tolist(), grid.y.tolist(), shares.tolist(), strict=True
    )
    with_tissue = [square for square in squares if square[4] >= job.min_tissue_share or square[:2] in restored]
    kept = [square for square in with_tissue if square[:2] not in rejected]
    slide = image if isinstance(image, Slide) else None
    return CutImage(
        name=job.name,
        size_bytes=image.size_bytes,
        sha256=image.sha256,
        pixel_sha256=pixel_sha256(image.pixels) if isinstance(image, Picture) else None,
        grid=grid,
        tissue_shares=shares,
        patches=_of_slide(slide, kept, grid, job.workers) if slide else tuple(_in_run(image, grid, kept)),
        accounting=grid.account(
            kept=len(kept), labels=len(with_tissue) - len(kept), background=grid.n_cells - len(with_tissue)
        ),
        void=job.verdict is not None and verdict is None,
        slide=slide,
    )


def _of_slide(slide: Slide, kept: Sequence[Square], grid: Grid, workers: int) -> Iterator[Patch]:
    """Yield the patches, read side by side; memory is bounded by the runs under way, not by their number."""
    for patches in _side_by_side((partial(_whole_run, slide, grid, run) for run in _runs(kept, grid)), workers, "read"):
        yield from patches


def _runs(squares: Iterable[Square], grid: Grid) -> Iterator[list[Square]]:
    """Yield runs of neighbouring squares, as many as are read at once: what two of them share is decoded once."""
    run: list[Square] = []
    for square in squares:
        beside = run and square[:2] == (run[-1][0], run[-1][1] + 1)
        if run and (not beside or (len(run) + 1) * grid.patch_size_px**2 > BLOCK_PX):
            yield run
            run = []
        run.append(square)
    if run:
        yield run


def _whole_run(slide: Slide, grid: Grid, run: Sequence[Square]) -> list[Patch]:
    return list(_in_run(slide, grid, run))


def _in_run(image: Opened, grid: Grid, squares: Sequence[Square]) -> Iterator[Patch]:
    """Yield the patches of squares, from one reading of the part of the image that holds them all."""
    if not squares:
        return
    size, left, top = grid.patch_size_px, min(square[2] for square in squares), min(square[3] for square in squares)
    right, bottom = max(square[2] for square in squares) + size, max(square[3] for square in squares) + size
    resampled = isinstance(image, Slide) and image.resampled  # each alone: a filter rounds by where it begins
    pixels = None if resampled else image.region(left, top, right - left, bottom - top)
    for row, col, x, y, share in squares:
        square = image.region(x, y, size, size) if pixels is None else pixels[y - top :, x - left :][:size, :size]
        patch = np.ascontiguousarray(square)
        yield Patch(row, col, x, y, share, encode_png(patch), pixel_sha256(patch))


def cut_many(jobs: Iterable[CutJob], workers: int) -> Iterator[CutImage | DataError]:
    """Cut images side by side and yield them in the order of the jobs, or the errors for those that cannot be used.

    At most twice as many images as workers are under way or waiting to be taken, so memory does not grow with their
    number; `jobs` is drawn from as far as that, and no further. Any other error of a job, in that order, ends it all.

    Raises:
        ValueError: Fewer than one worker.
        RequestError: As `cut`; and whatever else a job's `read` raises.
    """
    if workers < 1:
        raise ValueError(f"{workers} workers; accepted: 1 or more")
    return _side_by_side((partial(cut_or_error, job) for job in jobs), workers, "cut")


def _side_by_side(tasks: Iterable[Callable[[], T]], workers: int, name: str) -> Iterator[T]:
    """Yield the results of the tasks, in their order."""
    under_way: deque[Future[T]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
    try:
        for task in tasks:
            under_way.append(pool.submit(task))
            if len(under_way) == 2 * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
