"""Whole slides through OpenSlide: a region at a time, never a whole slide in memory, never its label or macro image.

A slide is looked at as one picture of the size that the spec asks for, its *view*: a level of the pyramid, or the
resolution `um_per_px`, resampled (Lanczos) from the nearest finer level. Grid, cells and pages are in its pixels.

    what the slide holds                      what becomes of it
    µm/px recorded                            `um_per_px` picks the level; one within 5 % is taken as it is
    no µm/px                                  refused under `um_per_px`, unless the spec gives `assumed_um_per_px`
    pixels that were never scanned            white, as glass
    label, macro, thumbnail, name, date       never read, never copied
    embedded colour profile                   ignored, as in other images

OpenSlide reads files of a local disk only: what lies elsewhere is copied to a temporary folder while it is open.
"""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurograde.errors import DataError
from neurograde.imaging.pixels.tissue import is_tissue
from neurograde.maths.patch_grid import Grid
from neurograde.specs.patch import SlideSpec

if TYPE_CHECKING:
    import openslide

TOLERANCE = 0.05
"""A level whose µm/px differs from the wanted by no more than this share is taken as it is."""
LEAST_CELL_PX = 8
"""Side of a cell on the level on which tissue is looked for: 64 pixels tell a share to 2 %."""
BLOCK_PX = 4_000_000
"""Pixels that are read at once, unless one cell has more."""
CACHE_BYTES = 64 * 2**20
"""Decoded tiles that all open slides keep between them, so that neighbouring cells decode a tile once."""
MISSING = "a whole slide, which is read with the extra `slides`: pip install openslide-python openslide-bin"
_LANCZOS_SUPPORT = 3  # pixels of the result that a pixel of the source reaches


@dataclass(frozen=True)
class Resolution:
    """At what size slides are looked at; neither given is an error as soon as there is a slide."""

    level: int | None = None
    um_per_px: float | None = None
    assumed_um_per_px: float | None = None

    @classmethod
    def of(cls, spec: SlideSpec) -> Resolution:
        """What the spec says."""
        return cls(spec.level, spec.um_per_px, spec.assumed_um_per_px)


UNSAID = Resolution()
"""Where there are no slides."""


def is_pyramid(path: Path) -> bool:
    """Whether a TIFF file is a slide: of a scanner's make, or tiled in several levels; not if OpenSlide is missing."""
    try:
        import openslide  # noqa: PLC0415 - optional
    except ImportError:
        return False
    try:
        vendor = openslide.OpenSlide.detect_format(path)
        if vendor != "generic-tiff":
            return vendor is not None
        with openslide.OpenSlide(path) as slide:
            return int(slide.level_count) > 1
    except openslide.OpenSlideError:
        return False  # Pillow says what is wrong with it


class Slide:
    """An open slide at one resolution; safe to use from several threads. Closed when nobody holds it any more."""

    def __init__(self, path: Path, name: str, resolution: Resolution):
        """Open a slide.

        Args:
            path: The file, on this machine.
            name: What messages call it.
            resolution: At what size it is looked at.

        Raises:
            DataError: It cannot be read, or not at this resolution; the message says what it has.
        """
        try:
            import openslide  # noqa: PLC0415 - optional
        except ImportError:
            raise DataError(f"{name}: {MISSING}") from None
        self.name, self._failure = name, openslide.OpenSlideError
        try:
            self._slide = openslide.OpenSlide(path)
            self._slide.set_cache(_tiles())
        except openslide.OpenSlideError as error:
            raise DataError(f"{name}: damaged, or no slide that OpenSlide reads ({error})") from None
        with path.open("rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self.size_bytes = path.stat().st_size
        self.recorded_um_per_px = self._recorded()
        self.level, self._shrink = self._view(resolution)
        width, height = self._slide.level_dimensions[self.level]
        self.width, self.height = max(1, int(width / self._shrink)), max(1, int(height / self._shrink))
        self._finest_px = float(self._slide.level_downsamples[self.level]) * self._shrink
        """Pixels of level 0 that a pixel of the view spans."""
        self.um_per_px = self._um_per_px(resolution)

    @property
    def vendor(self) -> str:
        """Whose format it is, in OpenSlide's words: `aperio`, `generic-tiff`, ..."""
        return str(self._slide.properties["openslide.vendor"])

    def region(self, x: int, y: int, width: int, height: int, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """Pixels of a rectangle of the view, (height, width, 3) uint8 RGB; with `size`, scaled to (width, height).

        Raises:
            DataError: This part of the file is damaged.
        """
        out = size or (width, height)
        scale = max(width / out[0], height / out[1])
        level = self._slide.get_best_level_for_downsample(self._finest_px * scale * (1 + 1e-6))
        per_px = self._finest_px / float(self._slide.level_downsamples[level])  # of the level, in one of the view
        edges = (x * per_px, y * per_px, (x + width) * per_px, (y + height) * per_px)
        if out == (width, height) and abs(per_px - 1) < 1e-9:
            return self._read(level, x, y, width, height)
        # around the rectangle, as much as the filter sees: then a cut shows no seam, wherever it is made
        reach = math.ceil(_LANCZOS_SUPPORT * max(1.0, per_px * scale)) + 1
        level_width, level_height = self._slide.level_dimensions[level]
        left, top = max(0, math.floor(edges[0]) - reach), max(0, math.floor(edges[1]) - reach)
        right, bottom = min(level_width, math.ceil(edges[2]) + reach), min(level_height, math.ceil(edges[3]) + reach)
        box = (edges[0] - left, edges[1] - top, min(edges[2], level_width) - left, min(edges[3], level_height) - top)
        source = Image.fromarray(self._read(level, left, top, right - left, bottom - top))
        return np.asarray(source.resize(out, Image.Resampling.LANCZOS, box=box))

    def tissue_shares(self, grid: Grid) -> NDArray[np.float64]:
        """Share of tissue in every cell, as `tissue.tissue_shares`, found on the coarsest level that tells it.

        On 238 cells of 250 px of a TCGA slide the shares of its second level differ from those of its finest by 0.007
        on average and 0.043 at most; at a share of 0.2 one cell changes sides.

        Raises:
            ValueError: The grid is for an image of another size.
            DataError: The level is damaged.
        """
        if (grid.width, grid.height) != (self.width, self.height):
            raise ValueError(f"a grid over {grid.width} x {grid.height} px; accepted: {self.width} x {self.height}")
        if not grid.n_cells:
            return np.zeros(0)
        level = self._tissue_level(grid.patch_size_px)
        per_px = self._finest_px / float(self._slide.level_downsamples[level])
        across, down = (
            np.minimum(np.rint((start + np.arange(count + 1) * grid.patch_size_px) * per_px).astype(np.int64), limit)
            for start, count, limit in zip(
                (grid.margins.left, grid.margins.top),
                (grid.n_cols, grid.n_rows),
                self._slide.level_dimensions[level],
                strict=True,
            )
        )  # edges of the columns and rows on that level
        at_once = max(1, int(BLOCK_PX / (grid.patch_size_px * per_px) ** 2))
        counts = np.empty((grid.n_rows, grid.n_cols), dtype=np.int64)
        for row in range(grid.n_rows):
            top, bottom = int(down[row]), int(down[row + 1])
            for first in range(0, grid.n_cols, at_once):
                edges = across[first : first + at_once + 1]
                pixels = self._read(level, int(edges[0]), top, int(edges[-1] - edges[0]), bottom - top)
                by_column = is_tissue(pixels).sum(axis=0)  # (width,)
                counts[row, first : first + at_once] = np.add.reduceat(by_column, edges[:-1] - edges[0])
        areas = np.diff(down)[:, None] * np.diff(across)[None, :]
        shares: NDArray[np.float64] = (counts / areas).ravel()
        return shares

    def _read(self, level: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        """A rectangle of a level, in its pixels."""
        finest = float(self._slide.level_downsamples[level])
        try:
            found = self._slide.read_region((round(x * finest), round(y * finest)), level, (width, height))
        except self._failure as error:
            raise DataError(f"{self.name}: damaged or truncated ({error}); accepted: a whole slide") from None
        rgba = np.asarray(found)
        if rgba[..., 3].min() == 255:
            return rgba[..., :3]
        white = Image.new("RGBA", found.size, "white")
        return np.asarray(Image.alpha_composite(white, found).convert("RGB"))

    def _tissue_level(self, patch_size_px: int) -> int:
        most = self._finest_px * patch_size_px / LEAST_CELL_PX
        return max(self.level, int(self._slide.get_best_level_for_downsample(most)))

    def _view(self, resolution: Resolution) -> tuple[int, float]:
        """The level that is read, and by what factor each of its sides is made smaller."""
        wanted, downsamples = resolution.um_per_px, self._slide.level_downsamples
        if resolution.level is not None:
            if resolution.level >= len(downsamples):
                raise DataError(f"{self.name}: level {resolution.level}; accepted: {self._levels()}")
            return resolution.level, 1.0
        if wanted is None:
            raise DataError(
                f"{self.name}: a whole slide, and the spec says not at which size to cut it; accepted: "
                f"level ({self._levels()}) or um_per_px ({self._known()})"
            )
        finest = self.recorded_um_per_px or resolution.assumed_um_per_px
        if finest is None:
            raise DataError(
                f"{self.name}: it does not record its µm/px, and um_per_px is {wanted:g}; accepted: "
                "assumed_um_per_px for such slides, or level, or this slide taken out of the source"
            )
        if wanted < finest * (1 - TOLERANCE):
            raise DataError(f"{self.name}: um_per_px = {wanted:g}; accepted: {finest:g}, its finest, or more")
        level = max(place for place, each in enumerate(downsamples) if finest * each * (1 - TOLERANCE) <= wanted)
        shrink = wanted / (finest * downsamples[level])
        return level, 1.0 if shrink <= 1 + TOLERANCE else shrink

    def _recorded(self) -> float | None:
        """µm/px of level 0, the mean of both axes; None where the slide does not say."""
        properties: Any = self._slide.properties
        try:
            across, down = (float(properties[f"openslide.mpp-{axis}"]) for axis in "xy")
        except (KeyError, ValueError):
            return None
        if not (0 < across < math.inf and 0 < down < math.inf):
            return None
        if abs(across - down) > TOLERANCE * min(across, down):
            raise DataError(f"{self.name}: {across:g} µm/px across and {down:g} down; accepted: square pixels")
        return (across + down) / 2

    def _um_per_px(self, resolution: Resolution) -> float | None:
        """µm/px of the view, where slide or spec say it."""
        finest = self.recorded_um_per_px or (resolution.assumed_um_per_px if resolution.level is None else None)
        return None if finest is None else finest * self._finest_px

    def _levels(self) -> str:
        sizes = (f"{place} of {w} x {h} px" for place, (w, h) in enumerate(self._slide.level_dimensions))
        return ", ".join(sizes)

    def _known(self) -> str:
        return f"{self.recorded_um_per_px:g} or more" if self.recorded_um_per_px else "it does not record its own"


@functools.cache
def _tiles() -> openslide.OpenSlideCache:
    import openslide  # noqa: PLC0415 - optional

    return openslide.OpenSlideCache(CACHE_BYTES)
