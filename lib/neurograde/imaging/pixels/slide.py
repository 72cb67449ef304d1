"""Whole slides: a region at a time, never a whole slide in memory, never its label or macro image.

A slide is read as one picture of the size that the spec asks for, its *view*: a level of the pyramid, or the
resolution `um_per_px`, resampled (Lanczos) from the nearest finer level. Grid, squares and pages are in its pixels.
Every pixel of a region depends on the slide and the region alone.

    content of the slide                      treatment
    µm/px recorded                            `um_per_px` picks the level; one within 5 % is taken as it is
    µm/px that cannot be, see `PLAUSIBLE`     a warning; under `um_per_px` as if it were not recorded
    no µm/px                                  refused under `um_per_px`, unless the spec gives `assumed_um_per_px`
    oblong pixels                             refused under `um_per_px`, unless the spec gives `finest_um_per_px`
    pixels that were never scanned            white, as glass
    more than 8 bits, transparency, turned    refused, as in other images
    JPEG tiles of which libjpeg warns         refused where they are read; not of NDPI, CZI and MIRAX files
    label, macro, thumbnail, name, date       never read, never copied
    embedded colour profile                   ignored, as in other images

Readers need a file on a local disk: one that is elsewhere is copied to a temporary folder while it is open.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neurograde.errors import DataError
from neurograde.imaging.pixels.levels import open_levels
from neurograde.imaging.pixels.tissue import DEFAULT_RULE, TissueRule, White, is_tissue, white_of
from neurograde.maths.patch_grid import Grid
from neurograde.runtime.log import log
from neurograde.specs.patch import SlideSpec

TOLERANCE = 0.05
"""A level whose µm/px differs from the wanted by no more than this share is taken as it is."""
PLAUSIBLE = (0.05, 20.0)
"""Range of the µm/px that the finest level of a slide can have, from an objective of 200x to one of half."""
LEAST_CELL_PX = 8
"""Side of a square on the level on which tissue is measured: 64 pixels give a share to 2 %."""
PARTS, PART_PX = 8, 64
"""Parts of a level across and down, and their side, from which the white of a slide is found."""
BLOCK_PX = 4_000_000
"""Pixels that are read at once, unless one square has more."""
_LANCZOS_SUPPORT = 3  # pixels of the result that a pixel of the source reaches


@dataclass(frozen=True)
class Resolution:
    """The size at which slides are read. If it gives neither level nor µm/px, slides are refused."""

    level: int | None = None
    um_per_px: float | None = None
    assumed_um_per_px: float | None = None
    finest_um_per_px: float | None = None

    @classmethod
    def of(cls, spec: SlideSpec) -> Resolution:
        """Return the resolution of a spec."""
        return cls(spec.level, spec.um_per_px, spec.assumed_um_per_px, spec.finest_um_per_px)


UNSPECIFIED = Resolution()
"""The resolution where slides are not expected."""


class RequestError(DataError):
    """A spec or table that does not fit to an image: the image is not to blame."""


class Slide:
    """An open slide at one resolution; safe to use from several threads. Closed when nobody holds it any more."""

    def __init__(self, path: Path, name: str, resolution: Resolution):
        """Open a slide.

        Args:
            path: The file, on this machine.
            name: The slide's name in messages.
            resolution: The size at which it is read.

        Raises:
            DataError: It cannot be read, or not at this resolution; the message lists the accepted ones.
        """
        self.name = name
        self._levels = open_levels(path, name)
        with path.open("rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self.size_bytes = path.stat().st_size
        self.recorded_um_per_px = self._recorded(resolution)
        self.level, self._shrink = self._view(resolution)
        width, height = self._levels.sizes[self.level]
        self.width, self.height = max(1, int(width / self._shrink)), max(1, int(height / self._shrink))
        self.finest_px = self._levels.downsamples[self.level] * self._shrink
        """Pixels of level 0 that a pixel of the view spans."""
        self.um_per_px = self._um_per_px(resolution)

    def finest_px_at(self, resolution: Resolution) -> float:
        """Return the pixels of level 0 that a pixel spans at another resolution; DataError if it has none such."""
        level, shrink = self._view(resolution)
        return self._levels.downsamples[level] * shrink

    @property
    def vendor(self) -> str:
        """The name of the file's format: `aperio`, `generic-tiff`, ..."""
        return self._levels.vendor

    @property
    def resampled(self) -> bool:
        """True if the view is made from a level, False if it is one."""
        return self._shrink != 1

    def region(self, x: int, y: int, width: int, height: int, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """Return a rectangle of the view, (height, width, 3) uint8 RGB; with `size`, scaled to (width, height).

        Raises:
            DataError: This part of the file is damaged.
        """
        out = size or (width, height)
        scale = max(width / out[0], height / out[1])
        level = self._coarsest(self.finest_px * scale)
        per_px = self.finest_px / self._levels.downsamples[level]  # of the level, in one of the view
        edges = (x * per_px, y * per_px, (x + width) * per_px, (y + height) * per_px)
        if out == (width, height) and abs(per_px - 1) < 1e-9:
            return self._read(level, x, y, width, height)
        # around the rectangle, as much as the filter reaches
        reach = math.ceil(_LANCZOS_SUPPORT * max(1.0, per_px * scale)) + 1
        level_width, level_height = self._levels.sizes[level]
        left, top = max(0, math.floor(edges[0]) - reach), max(0, math.floor(edges[1]) - reach)
        right, bottom = min(level_width, math.ceil(edges[2]) + reach), min(level_height, math.ceil(edges[3]) + reach)
        box = (edges[0] - left, edges[1] - top, min(edges[2], level_width) - left, min(edges[3], level_height) - top)
        source = Image.fromarray(self._read(level, left, top, right - left, bottom - top))
        return np.asarray(source.resize(out, Image.Resampling.LANCZOS, box=box))

    def tissue_shares(self, grid: Grid, rule: TissueRule = DEFAULT_RULE) -> NDArray[np.float64]:
        """Return the share of tissue in every square, as `tissue.tissue_shares`, measured on a coarse level.

        On 238 squares of 250 px of a TCGA slide the shares of its second level differ from those of its finest by
        0.007 on average and 0.043 at most; at a share of 0.2 one square changes sides.

        Raises:
            ValueError: The grid is for an image of another size.
            DataError: The level is damaged.
        """
        if (grid.width, grid.height) != (self.width, self.height):
            raise ValueError(f"a grid over {grid.width} x {grid.height} px; accepted: {self.width} x {self.height}")
        if not grid.n_cells:
            return np.zeros(0)
        level = max(self.level, self._coarsest(self.finest_px * grid.patch_size_px / LEAST_CELL_PX))
        per_px = self.finest_px / self._levels.downsamples[level]
        across, down = (
            np.minimum(np.rint((start + np.arange(count + 1) * grid.patch_size_px) * per_px).astype(np.int64), limit)
            for start, count, limit in zip(
                (grid.margins.left, grid.margins.top),
                (grid.n_cols, grid.n_rows),
                self._levels.sizes[level],
                strict=True,
            )
        )  # edges of the columns and rows on that level
        white = self._white(level, rule)
        at_once = max(1, int(BLOCK_PX / (grid.patch_size_px * per_px) ** 2))
        counts = np.empty((grid.n_rows, grid.n_cols), dtype=np.int64)
        for row in range(grid.n_rows):
            top, bottom = int(down[row]), int(down[row + 1])
            for first in range(0, grid.n_cols, at_once):
                edges = across[first : first + at_once + 1]
                pixels = self._read(level, int(edges[0]), top, int(edges[-1] - edges[0]), bottom - top)
                by_column = is_tissue(pixels, rule, white).sum(axis=0)  # (width,)
                counts[row, first : first + at_once] = np.add.reduceat(by_column, edges[:-1] - edges[0])
        areas = np.diff(down)[:, None] * np.diff(across)[None, :]
        shares: NDArray[np.float64] = (counts / areas).ravel()
        return shares

    def _white(self, level: int, rule: TissueRule) -> White | None:
        """Return the colour of tinted glass, found on parts of a level that are evenly spread."""
        if not rule.own_white:
            return None
        width, height = self._levels.sizes[level]
        size = min(PART_PX, width), min(PART_PX, height)
        corners = [
            (int(x), int(y))
            for y in np.linspace(0, height - size[1], PARTS)
            for x in np.linspace(0, width - size[0], PARTS)
        ]
        return white_of(np.vstack([self._read(level, x, y, *size) for x, y in corners]), rule)

    def _read(self, level: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        """Return a rectangle of a level, in its pixels."""
        return self._levels.read(level, x, y, width, height)

    def _coarsest(self, downsample: float) -> int:
        """Return the coarsest level that is not coarser than the downsample."""
        levels = enumerate(self._levels.downsamples)
        return max((level for level, factor in levels if factor <= downsample * (1 + 1e-6)), default=0)

    def _view(self, resolution: Resolution) -> tuple[int, float]:
        """Return the level that is read, and the factor by which its sides are made smaller."""
        wanted, downsamples = resolution.um_per_px, self._levels.downsamples
        if resolution.level is not None:
            if resolution.level >= len(downsamples):
                raise DataError(f"{self.name}: level {resolution.level}; accepted: {self._sizes()}")
            return resolution.level, 1.0
        if wanted is None:
            raise RequestError(
                f"{self.name}: a whole slide, and the spec does not give the size at which it is cut; accepted: "
                f"level ({self._sizes()}) or um_per_px ({self._known()})"
            )
        finest = self._finest(resolution)
        if finest is None:
            recorded = self.recorded_um_per_px
            state = "it does not record its µm/px" if recorded is None else f"{_doubt(recorded)}"
            raise DataError(
                f"{self.name}: {state}, and um_per_px is {wanted:g}; accepted: assumed_um_per_px for such slides, "
                "finest_um_per_px for all of them, or level, or this slide taken out of the source"
            )
        if wanted < finest * (1 - TOLERANCE):
            raise DataError(f"{self.name}: um_per_px = {wanted:g}; accepted: {finest:g}, its finest, or more")
        level = max(number for number, factor in enumerate(downsamples) if finest * factor * (1 - TOLERANCE) <= wanted)
        shrink = wanted / (finest * downsamples[level])
        return level, 1.0 if shrink <= 1 + TOLERANCE else shrink

    def _recorded(self, resolution: Resolution) -> float | None:
        """Return the recorded µm/px of level 0, the mean of both axes, or None if there is none for both."""
        across, down = self._levels.um_per_px or (math.nan, math.nan)
        if not (0 < across < math.inf and 0 < down < math.inf):
            return None
        if abs(across - down) > TOLERANCE * min(across, down):
            if resolution.um_per_px is not None and resolution.finest_um_per_px is None:
                raise DataError(
                    f"{self.name}: {across:g} µm/px across and {down:g} down; accepted: square pixels under um_per_px, "
                    "or level"
                )
            return None
        recorded = (across + down) / 2
        if resolution.finest_um_per_px is None and not _plausible(recorded):
            log.warning(f"{self.name}: {_doubt(recorded)}")
        return recorded

    def _finest(self, resolution: Resolution) -> float | None:
        """Return the µm/px of level 0 that `um_per_px` is held against, or None if it is not known."""
        if resolution.finest_um_per_px is not None:
            return resolution.finest_um_per_px
        recorded = self.recorded_um_per_px
        return recorded if recorded is not None and _plausible(recorded) else resolution.assumed_um_per_px

    def _um_per_px(self, resolution: Resolution) -> float | None:
        """Return µm/px of the view, where slide or spec give it."""
        if resolution.level is None or resolution.finest_um_per_px is not None:
            finest = self._finest(resolution)
        else:
            finest = self.recorded_um_per_px
        return None if finest is None else finest * self.finest_px

    def _sizes(self) -> str:
        sizes = (f"{number} of {w} x {h} px" for number, (w, h) in enumerate(self._levels.sizes))
        return ", ".join(sizes)

    def _known(self) -> str:
        return f"{self.recorded_um_per_px:g} or more" if self.recorded_um_per_px else "it does not record its own"


def _plausible(um_per_px: float) -> bool:
    return PLAUSIBLE[0] <= um_per_px <= PLAUSIBLE[1]


def _doubt(um_per_px: float) -> str:
    return f"it records {um_per_px:g} µm/px, but slides have {PLAUSIBLE[0]:g} to {PLAUSIBLE[1]:g}"
