"""A non-overlapping grid over an image, and the account of all its pixels (report §2.2).

A pre-crop takes margins off the image; the rest is tiled from its top left corner by squares of one
size; the strip at the right and at the bottom that holds no whole square is the border. No pixel is read here.

Invariants:
    - squares lie inside the pre-cropped image and share no pixel;
    - total = kept + labels + background + borders + pre-crop, in whole pixels, for one image and for any sum.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Margins:
    """The margins that a pre-crop takes off an image, in pixels."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            if (value := getattr(self, field.name)) < 0:
                raise ValueError(f"margin {field.name} = {value} px; accepted: 0 or more")


@dataclass(frozen=True)
class Grid:
    """The grid over one image; an image smaller than a patch has no square and is all border.

    Margins that overlap leave nothing of the image: then all of it is pre-crop.

    >>> grid = Grid(width=1024, height=600, margins=Margins(top=20), patch_size_px=250)
    >>> grid.n_rows, grid.n_cols, grid.precrop_px, grid.border_px
    (2, 4, 20480, 93920)
    >>> list(zip(grid.x, grid.y))[:5] == [(0, 20), (250, 20), (500, 20), (750, 20), (0, 270)]
    True
    """

    width: int
    height: int
    margins: Margins
    patch_size_px: int

    def __post_init__(self) -> None:
        for name in ("width", "height", "patch_size_px"):
            if (value := getattr(self, name)) < 1:
                raise ValueError(f"{name} = {value} px; accepted: 1 or more")

    @property
    def inner_width(self) -> int:
        """Pixels between the left and the right margin."""
        return max(0, self.width - self.margins.left - self.margins.right)

    @property
    def inner_height(self) -> int:
        """Pixels between the top and the bottom margin."""
        return max(0, self.height - self.margins.top - self.margins.bottom)

    @property
    def n_rows(self) -> int:
        """Whole squares from top to bottom; 0 where there is none from left to right."""
        return self.inner_height // self.patch_size_px if self.inner_width >= self.patch_size_px else 0

    @property
    def n_cols(self) -> int:
        """Whole squares from left to right; 0 where there is none from top to bottom."""
        return self.inner_width // self.patch_size_px if self.inner_height >= self.patch_size_px else 0

    @property
    def n_cells(self) -> int:
        """Squares of the grid; all arrays below have this length and run row by row."""
        return self.n_rows * self.n_cols

    @property
    def precrop_px(self) -> int:
        """Pixels that the margins took."""
        return self.width * self.height - self.inner_width * self.inner_height

    @property
    def border_px(self) -> int:
        """Pixels at the right and at the bottom that no whole square covers."""
        return self.inner_width * self.inner_height - self.n_cells * self.patch_size_px**2

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Row of each square, (n_cells,)."""
        return np.repeat(np.arange(self.n_rows), self.n_cols)

    @cached_property
    def cols(self) -> NDArray[np.int64]:
        """Column of each square, (n_cells,)."""
        return np.tile(np.arange(self.n_cols), self.n_rows)

    @cached_property
    def x(self) -> NDArray[np.int64]:
        """Left edge of each cell in pixels of the whole image, (n_cells,)."""
        return self.margins.left + self.cols * self.patch_size_px

    @cached_property
    def y(self) -> NDArray[np.int64]:
        """Top edge of each cell in pixels of the whole image, (n_cells,)."""
        return self.margins.top + self.rows * self.patch_size_px

    def account(self, *, kept: int, labels: int = 0, background: int = 0) -> Accounting:
        """Return the account of this image from the number of its squares per decision.

        Args:
            kept: Squares that became patches.
            labels: Squares that a review rejected.
            background: Squares with too little tissue.

        Raises:
            ValueError: The three do not add up to the grid's squares.
        """
        if kept + labels + background != self.n_cells:
            cells = f"{kept} kept + {labels} rejected + {background} background cells"
            raise ValueError(f"{cells}; accepted: {self.n_cells} in all")
        area = self.patch_size_px**2
        return Accounting(
            images=1,
            patches=kept,
            total_px=self.width * self.height,
            kept_px=kept * area,
            labels_px=labels * area,
            background_px=background * area,
            borders_px=self.border_px,
            precrop_px=self.precrop_px,
        )


@dataclass(frozen=True)
class Accounting:
    """An account of the pixels of some images, which must add up to their total. Accounts add up with `+` and `sum`.

    The report's account (§2.2.2) states the shares only, so the two losses here are values that round to them:

    >>> report = Accounting(images=61, patches=1570, total_px=116_077_948, kept_px=1570 * 250**2,
    ...                     labels_px=15_016_000, borders_px=2_936_948)
    >>> print(report)
    61 images, 116,077,948 px, 1,570 patches; 15.47 % lost = 12.94 % labels + 0.00 % background + 2.53 % borders + 0.00 % pre-crop
    """  # noqa: E501 - the sentence as printed

    images: int = 0
    """Images accounted for, those without a patch included."""
    patches: int = 0
    """Patches cut from them."""
    total_px: int = 0
    kept_px: int = 0
    """Pixels that are in a patch."""
    labels_px: int = 0
    """Lost to labels: squares that a reviewer found not to carry the image's label."""
    background_px: int = 0
    """Lost to background: squares with too little tissue."""
    borders_px: int = 0
    """Lost to borders: where no whole square fits."""
    precrop_px: int = 0
    """Lost to the pre-crop of watermarks and frames."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if (value := getattr(self, field.name)) < 0:
                raise ValueError(f"{field.name} = {value}; accepted: 0 or more")
        if self.kept_px + self.lost_px != self.total_px:
            raise ValueError(f"{self.kept_px} px kept + {self.lost_px} px lost; accepted: {self.total_px} in all")

    @property
    def lost_px(self) -> int:
        """Pixels outside every patch."""
        return self.labels_px + self.background_px + self.borders_px + self.precrop_px

    @property
    def shares(self) -> dict[str, float]:
        """Share of all pixels kept, lost, and lost to each cause, in [0, 1]; all 0 for no image."""
        parts = ("kept", "lost", "labels", "background", "borders", "precrop")
        return {part: getattr(self, f"{part}_px") / max(1, self.total_px) for part in parts}

    def __add__(self, other: Accounting) -> Accounting:
        return Accounting(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __radd__(self, other: int) -> Accounting:
        # `sum` starts from 0
        return self if other == 0 else NotImplemented

    def __str__(self) -> str:
        percent = {part: f"{100 * share:.2f} %" for part, share in self.shares.items()}
        return (
            f"{self.images:,} image{'' if self.images == 1 else 's'}, {self.total_px:,} px, "
            f"{self.patches:,} patch{'' if self.patches == 1 else 'es'}; {percent['lost']} lost"
            f" = {percent['labels']} labels + {percent['background']} background"
            f" + {percent['borders']} borders + {percent['precrop']} pre-crop"
        )
