"""Cutting patches, against a plain Pillow loop: open, crop, save as PNG with the defaults.

`patch_throughput` is a ratio of speeds on real images, writing files included, with pixels asserted to be equal and the
files at most 12 % larger in all. `patch_memory` is the peak memory of a process that cuts 20 images over that of one
that cuts 200.
"""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neurograde.imaging.cut import CutJob, cut_many
from neurograde.maths.patch_grid import Margins
from tests.bench.images import tiles

PATCH_SIZE_PX = 250
WORKERS = 2
ROUNDS = 3


def patch_throughput() -> dict[str, Any]:
    """Patches a second of `cut_many` over those of the plain loop, in turns so that both meet the same machine."""
    images = tiles()
    ratios, rates = [], []
    with tempfile.TemporaryDirectory() as folder:
        ours, plain = Path(folder, "ours"), Path(folder, "plain")
        ours.mkdir()
        plain.mkdir()
        for _ in range(ROUNDS):
            seconds = {write: _seconds(write, images, into) for write, into in ((_plain, plain), (_ours, ours))}
            n_patches = len(list(ours.iterdir()))
            ratios.append(seconds[_plain] / seconds[_ours])
            rates.append(n_patches / seconds[_ours])
        growth = _compare(ours, plain)
    reference = f"plain Pillow loop, {statistics.median(rates) / statistics.median(ratios):.0f} patches/s"
    return entry("patch_throughput", ratios, 5.0, "times the patches/s", reference) | {
        "patches": n_patches,
        "patches_per_s": round(statistics.median(rates)),
        "bytes_over_reference": round(1 + growth, 4),
        "workers": WORKERS,
    }


def patch_memory() -> dict[str, Any]:
    """Peak memory of cutting 20 images of 1,500 x 1,000 px over that of cutting 200."""
    ratios = []
    for _ in range(3):
        peaks = {
            n: int(subprocess.run([sys.executable, __file__, str(n)], check=True, capture_output=True).stdout)
            for n in (20, 200)
        }
        ratios.append(peaks[20] / peaks[200])
    return entry("patch_memory", ratios, 0.9, "peak on 20 images over 200", f"200 images, {peaks[200] / 1024:.0f} MiB")


def entry(name: str, ratios: list[float], target: float, unit: str, reference: str) -> dict[str, Any]:
    return {
        "name": name,
        "ratio": statistics.median(ratios),
        "target": target,
        "reference": reference,
        "n": len(ratios),
        "median": statistics.median(ratios),
        "min": min(ratios),
        "max": max(ratios),
        "unit": unit,
    }


def _seconds(write: Callable[[list[Path], Path], None], images: list[Path], into: Path) -> float:
    start = time.perf_counter()
    write(images, into)
    return time.perf_counter() - start


def _plain(images: list[Path], into: Path) -> None:
    for path in images:
        with Image.open(path) as image:
            for y in range(0, image.height - PATCH_SIZE_PX + 1, PATCH_SIZE_PX):
                for x in range(0, image.width - PATCH_SIZE_PX + 1, PATCH_SIZE_PX):
                    patch = image.crop((x, y, x + PATCH_SIZE_PX, y + PATCH_SIZE_PX))
                    patch.save(into / f"{path.stem}_{x}_{y}.png")


def _ours(images: list[Path], into: Path) -> None:
    for image in cut_many((cut_job(path.stem, path.read_bytes) for path in images), WORKERS):
        for patch in image.patches:
            (into / f"{image.name}_{patch.x}_{patch.y}.png").write_bytes(patch.png)


def cut_job(name: str, read: Callable[[], bytes]) -> CutJob:
    return CutJob(name, read, PATCH_SIZE_PX, 0.0, 400_000_000, Margins(), frozenset())


def _compare(ours: Path, plain: Path) -> float:
    """By what share our files are larger; AssertionError for another pixel, or for more than 12 %."""
    names = sorted(path.name for path in plain.iterdir())
    assert names == sorted(path.name for path in ours.iterdir())
    for name in names:
        with Image.open(ours / name) as one, Image.open(plain / name) as other:
            assert np.array_equal(np.asarray(one), np.asarray(other)), name
    total = {folder: sum(path.stat().st_size for path in folder.iterdir()) for folder in (ours, plain)}
    growth = total[ours] / total[plain] - 1
    assert growth <= 0.12, f"{growth:.1%} more bytes"
    return growth


def _peak_kib(n_images: int) -> int:
    """Peak memory of this process after cutting that many images, which it makes as they are asked for."""

    def image(index: int) -> bytes:
        rng = np.random.Generator(np.random.PCG64(index))
        file = io.BytesIO()
        coarse = Image.fromarray(rng.integers(80, 250, (50, 75, 3), dtype=np.uint8))
        coarse.resize((1500, 1000)).save(file, "JPEG")
        return file.getvalue()

    def jobs() -> Iterator[CutJob]:
        for index in range(n_images):
            yield cut_job(str(index), partial(image, index))

    for _ in cut_many(jobs(), WORKERS):
        pass
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


BENCHES = {"patch_throughput": patch_throughput, "patch_memory": patch_memory}
"""By the name that `make bench ONLY=` takes."""


if __name__ == "__main__":
    print(_peak_kib(int(sys.argv[1])))
