"""Tables of `predict`: a row for the image in images.csv, a row per chosen patch in heatmaps.csv."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from neurograde.specs.results.base import Part


class TableRow(Part):
    """A row of a CSV table; an empty field has the default of its column."""

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the header of the table."""
        return tuple(cls.model_fields)

    @classmethod
    def from_csv(cls, row: Mapping[str, str]) -> Self:
        """Return the row of a table, also of an earlier version's, which has fewer columns."""
        return cls.model_validate({name: value for name, value in row.items() if value != ""})

    def values(self) -> tuple[object, ...]:
        """Return the fields in the order of the header."""
        return tuple(getattr(self, name) for name in self.columns())


class GradedImage(TableRow):
    """The grade of an image, and what must be known to judge it."""

    image: str
    """Path of the image in its folder."""
    grade: str | None = None
    """The class that it was graded as; None where it has no grade."""
    reason: str = ""
    """Why it has no grade."""
    likeliest: str | None = None
    """The class that the patches speak for; None without a patch."""
    confidence: float | None = None
    """Calibrated probability of that class."""
    patches: int = 0
    """Patches of tissue."""
    cells: int = 0
    """Squares of its grid."""
    width_px: int | None = None
    """Width at which it was cut."""
    height_px: int | None = None
    """Height at which it was cut."""
    sha256: str | None = None
    """SHA-256 of the file."""
    overlay: str | None = None
    """The picture with its squares tinted, by its path in the artefact."""
    used_in: str = ""
    """Subsets of the model's own data that hold it, joined by `+`: `train`, `valid`, `test`; empty for a new image."""
    um_per_px: float | None = None
    """Resolution at which it was cut; None where it records none."""
    um_per_px_of_training: float | None = None
    """Resolution at which the slides of training were cut, their median; None where none is known."""
    distance: float | None = None
    """Mean distance of its patches from the train patches; None in tables of version 0.1, or without a patch."""
    distance_limit: float | None = None
    """Distance that 95 % of the valid images do not exceed."""
    valid_images_nearer: int | None = None
    """Valid images that lie nearer to train."""
    valid_images: int | None = None
    """Valid images that it is compared with."""

    @property
    def is_far(self) -> bool:
        """True if it lies farther from train than is usual for valid images; never of an image of train itself."""
        if self.distance is None or self.distance_limit is None or "train" in self.used_in.split("+"):
            return False
        return self.distance > self.distance_limit

    @property
    def is_of_another_scale(self) -> bool:
        """True if its resolution is known to differ from training's by more than 5 %."""
        ours, theirs = self.um_per_px, self.um_per_px_of_training
        return ours is not None and theirs is not None and not 0.95 <= ours / theirs <= 1.05


class Heatmap(TableRow):
    """A patch that was looked at by Grad-CAM."""

    image: str
    """Path of the image in its folder."""
    row: int
    """Row of the patch in the grid, from 0."""
    col: int
    """Column of the patch, from 0."""
    named: str
    """The class whose evidence is lit."""
    confidence: float
    """Calibrated probability of that class."""
    heatmap: str
    """The picture, by its path in the artefact."""
    x_px: int | None = None
    """Left edge of the part that the network saw, in the image as it was cut."""
    y_px: int | None = None
    """Top edge of that part."""
    side_px: int | None = None
    """Side of that part: a patch less what the centre crop leaves out."""
