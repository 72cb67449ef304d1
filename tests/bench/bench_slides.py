"""Cutting whole slides, against a plain OpenSlide loop: read_region of a cell, RGB, save as PNG with the defaults.

`slide_tiles` is a ratio of tiles a second over both slides of `make data SET=slides`, every square of 250 px of the
finest level, glass as well, files written; pixels are asserted to be equal. Ours looks for tissue besides.
`pixels_alone` is the same without PNG on either side. On one core (`taskset -c 1`) the ratio is what one thread gains;
on more it is also that ours has a thread a core.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openslide
from PIL import Image

from neurograde.imaging.cut import CutJob, cut
from neurograde.imaging.pixels.slide import Resolution, Slide
from neurograde.maths.patch_grid import Grid, Margins
from neurograde.runtime.machine import usable_cores
from tests.bench.bench_patch import PATCH_SIZE_PX, entry
from tests.bench.images import slides

ROUNDS = 3
FINEST = Resolution(level=0)


def slide_tiles() -> dict[str, Any]:
    """Tiles a second of ours over those of the plain loop, in turns so that both meet the same machine."""
    paths = slides()
    ratios, rates, alone = [], [], []
    by_slide: dict[str, list[float]] = {path.name: [] for path in paths}
    with tempfile.TemporaryDirectory() as folder:
        ours, plain = Path(folder, "ours"), Path(folder, "plain")
        ours.mkdir()
        plain.mkdir()
        for _ in range(ROUNDS):
            seconds = {path: (_seconds(_plain, path, plain), _seconds(_ours, path, ours)) for path in paths}
            for path, (theirs, mine) in seconds.items():
                by_slide[path.name].append(theirs / mine)
            n_tiles = len(list(ours.iterdir()))
            theirs, mine = (sum(each) for each in zip(*seconds.values(), strict=True))
            ratios.append(theirs / mine)
            rates.append(n_tiles / mine)
            alone.append(sum(map(_plain_pixels, paths)) / sum(map(_our_pixels, paths)))
        _assert_equal(ours, plain)
    reference = f"plain OpenSlide loop, {statistics.median(rates) / statistics.median(ratios):.0f} tiles/s"
    return entry("slide_tiles", ratios, 1.5, "times the tiles/s", reference) | {
        "tiles": n_tiles,
        "tiles_per_s": round(statistics.median(rates)),
        "by_slide": {name: round(statistics.median(each), 2) for name, each in by_slide.items()},
        "pixels_alone": round(statistics.median(alone), 2),
        "workers": usable_cores(),
    }


def _seconds(write: Callable[[Path, Path], None], path: Path, into: Path) -> float:
    start = time.perf_counter()
    write(path, into)
    return time.perf_counter() - start


def _cells(width: int, height: int) -> list[tuple[int, int]]:
    grid = Grid(width, height, Margins(), PATCH_SIZE_PX)
    return list(zip(grid.x.tolist(), grid.y.tolist(), strict=True))


def _plain(path: Path, into: Path) -> None:
    with openslide.OpenSlide(path) as slide:
        for x, y in _cells(*slide.dimensions):
            tile = slide.read_region((x, y), 0, (PATCH_SIZE_PX, PATCH_SIZE_PX)).convert("RGB")
            tile.save(into / f"{path.stem}_{x}_{y}.png")


def _ours(path: Path, into: Path) -> None:
    image = cut(
        CutJob(
            path.name,
            path.read_bytes,
            PATCH_SIZE_PX,
            0.0,
            1,
            Margins(),
            frozenset(),
            local=lambda _folder: path,
            resolution=FINEST,
            workers=usable_cores(),
        )
    )
    for patch in image.patches:
        (into / f"{path.stem}_{patch.x}_{patch.y}.png").write_bytes(patch.png)


def _plain_pixels(path: Path) -> float:
    start = time.perf_counter()
    with openslide.OpenSlide(path) as slide:
        for x, y in _cells(*slide.dimensions):
            np.asarray(slide.read_region((x, y), 0, (PATCH_SIZE_PX, PATCH_SIZE_PX)).convert("RGB"))
    return time.perf_counter() - start


def _our_pixels(path: Path) -> float:
    from neurograde.imaging.cut import _runs, _side_by_side  # the reading of `cut`, without what follows it

    start = time.perf_counter()
    slide = Slide(path, path.name, FINEST)
    grid = Grid(slide.width, slide.height, Margins(), PATCH_SIZE_PX)
    cells = zip(
        grid.rows.tolist(), grid.cols.tolist(), grid.x.tolist(), grid.y.tolist(), [1.0] * grid.n_cells, strict=True
    )
    size = PATCH_SIZE_PX

    def read(run: list[Any]) -> list[Any]:
        pixels = slide.region(run[0][2], run[0][3], size * len(run), size)
        return [np.ascontiguousarray(pixels[:, place * size : (place + 1) * size]) for place in range(len(run))]

    for _ in _side_by_side((partial(read, run) for run in _runs(cells, grid)), usable_cores(), "read"):
        pass
    return time.perf_counter() - start


def _assert_equal(ours: Path, plain: Path) -> None:
    names = sorted(path.name for path in plain.iterdir())
    assert names == sorted(path.name for path in ours.iterdir())
    for name in names:
        with Image.open(ours / name) as one, Image.open(plain / name) as other:
            assert np.array_equal(np.asarray(one), np.asarray(other)), name


BENCHES = {"slide_tiles": slide_tiles}
"""By the name that `make bench ONLY=` takes."""
