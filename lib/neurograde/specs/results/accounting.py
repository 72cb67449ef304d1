"""accounting.json of patches: where every pixel of the images went (§2.2.2)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from neurograde.specs.base import is_none
from neurograde.specs.results.base import Part, Result


class PixelAccount(Part):
    """The pixels of the images of a class, or of the whole set."""

    families: Annotated[int | None, Field(exclude_if=is_none)] = None
    """Families with patches; the file gives it per class only, since a family may have two classes."""
    images: int
    """Images that were cut."""
    patches: int
    """Patches that were kept."""
    total_px: int
    """Pixels of the images: the sum of the five that follow."""
    kept_px: int
    """Pixels in patches."""
    labels_px: int
    """Pixels in squares that a reviewer rejected."""
    background_px: int
    """Pixels in squares with too little tissue."""
    borders_px: int
    """Pixels right of and below the last whole square."""
    precrop_px: int
    """Pixels in the margins that were taken off before the grid was laid."""
    shares: dict[str, float] = Field(default_factory=dict)
    """The five as shares of `total_px`."""


class Review(Part):
    """The progress of a review that the patches followed."""

    images: int
    """Images whose decisions were followed."""
    reviewers: dict[str, int]
    """Images per reviewer."""
    undecided: tuple[str, ...] = ()
    """Images without a decision."""
    unfinished: tuple[str, ...] = ()
    """Images that a reviewer began and did not finish."""
    void: dict[str, str] = Field(default_factory=dict)
    """Images whose decisions are void, with the reason."""


class Accounting(PixelAccount, Result):
    """The account of a set of patches."""

    FIRST: ClassVar[tuple[str, ...]] = ("review", "format", "patch_size_px")

    patch_size_px: int
    """Side of a patch."""
    images_without_patches: int = 0
    """Images of which no square was kept."""
    review: Annotated[Review | None, Field(exclude_if=is_none)] = None
    """The review that the patches followed; None where there was none."""
    skipped: Annotated[dict[str, str] | None, Field(exclude_if=is_none)] = None
    """Images that could not be used and were left out, with the reason; None where all were used."""
    classes: dict[str, PixelAccount]
    """The account of each class."""
