"""audit.json of audits: a split that others made, fold by fold; it lies beside its page, in no store."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from neurograde.specs.base import Sha256, is_none
from neurograde.specs.results.base import Part, Result
from neurograde.specs.results.independence import NearDuplicates


class OnBothSides(Part):
    """Names that two subsets share."""

    count: int
    """Number of names."""
    first: tuple[str, ...]
    """The first of them in code-point order."""


class Level(Part):
    """The names of a split at one level: patients, slides or items."""

    names: int
    """Number of distinct names."""
    unknown: int
    """Number of items without a name at this level."""
    twice: dict[str, int]
    """Number of names that are listed more than once in a subset, by subset."""
    pairs: dict[str, OnBothSides]
    """Names in both of two subsets, by `train and test`."""


class LabelsOfItem(Part):
    """An item under several labels."""

    name: str
    """Identity of the item."""
    labels: tuple[str, ...]
    """The labels."""


class ClassCount(Part):
    """A class in one subset."""

    items: int
    """Number of items."""
    families: int
    """Number of families."""


class Width(Part):
    """The precision of a test over the last subset."""

    subset: str
    """Name of the last subset."""
    families: int
    """Number of its families."""
    assumed_accuracy: float
    """True accuracy that is assumed."""
    half_width: float | None
    """Expected half width of the interval of an accuracy; null without families."""
    classes_of_few_families: dict[str, int]
    """Number of families of each class that has too few."""


class Loss(Part):
    """D of the split beside the best possible, or the reason why there is none."""

    reason: Annotated[str | None, Field(exclude_if=is_none)] = None
    """Reason for the lack of D."""
    d: Annotated[float | None, Field(exclude_if=is_none)] = None
    """D (eq. 2.1)."""
    best: Annotated[float | None, Field(exclude_if=is_none)] = None
    """The best D that was reached."""
    bound: Annotated[float | None, Field(exclude_if=is_none)] = None
    """Lower bound of D."""
    gap: Annotated[float | None, Field(exclude_if=is_none)] = None
    """Difference between the best D and its bound."""
    proved: Annotated[bool | None, Field(exclude_if=is_none)] = None
    """True if the best D is proved to be the best possible."""


class EqualImages(Part):
    """Groups of images of equal pixels."""

    count: int
    """Number of groups."""
    first: tuple[tuple[dict[str, str | None], ...], ...]
    """The first groups by name: each image as `item`, with its `subset` or `label`."""


class Pixels(Part):
    """Images of a fold compared by their pixels."""

    images: int
    """Number of images that were read."""
    unreadable: tuple[str, ...]
    """Reason of each image that could not be read."""
    equal: EqualImages
    """Equal images in several subsets."""
    alike: NearDuplicates
    """Images that look the same, of different families and subsets."""
    two_labels: EqualImages
    """Equal images under several labels."""


class FoldAudit(Part):
    """The audit of one fold."""

    name: str
    """Name of the fold."""
    items: int
    """Number of items."""
    subsets: dict[str, int]
    """Number of items by subset."""
    levels: dict[str, Level]
    """Names by level: `patient`, `slide`, `item`."""
    last: str
    """The subset that is tested on."""
    last_items_touched: int
    """Number of items of it with anything in common with an earlier subset."""
    both_sides: bool
    """True if anything is in two subsets."""
    two_labels: tuple[LabelsOfItem, ...]
    """Items that are listed under several labels."""
    spellings: dict[str, tuple[str, ...]]
    """Spellings of each name that is spelt in several ways."""
    family_is: str
    """The highest level that is known of every item."""
    classes: dict[str, dict[str, ClassCount]]
    """Items and families by class and subset."""
    width: Width
    """Precision of a test over the last subset."""
    loss: Loss
    """D of the split."""
    pixels: Annotated[Pixels | None, Field(exclude_if=is_none)] = None
    """Images compared by their pixels; no key where none were looked at."""


class ResampledInterval(Part):
    """A metric with its 95 % interval over resampled families."""

    value: float | None
    """The metric; null where it is undefined."""
    low: float | None
    """Lower bound; null where there is none."""
    high: float | None
    """Upper bound; null where there is none."""
    families: int
    """Families that were resampled."""
    resamples: int
    """Resamples that were drawn."""
    undefined: int
    """Resamples that left the metric undefined."""
    exact: int | None = None
    """Families of an exact interval; null of one over resampled families."""


class Unmeasured(Part):
    """A level at which class and family are not compared."""

    reason: str
    """Why not."""


class ClassAgainstFamily(Part):
    """Class against family in the nearest neighbours of the items, at one level."""

    items: int
    """Number of items."""
    families: int
    """Number of families."""
    mixed_families: int
    """Families with items of several classes."""
    neighbours: int
    """Nearest neighbours of an item that count."""
    index: ResampledInterval | None
    """Share of neighbours that class pulled, of all that class or family pulled; null where no family is mixed."""
    own: ResampledInterval
    """Share of the nearest neighbours that have the item's class."""
    others: ResampledInterval
    """The same share among neighbours of other families."""
    added: ResampledInterval
    """`own` less `others`, paired."""
    chance: float
    """Share of the items of other families that have the item's class."""


class Robustness(Part):
    """Class against family in features of the items."""

    source: str
    """The file of features."""
    without_features: int
    """Items without features."""
    without_label: int
    """Items with features and without a label."""
    levels: dict[str, ClassAgainstFamily | Unmeasured]
    """The comparison by level, or why there is none."""


class AuditResult(Result):
    """The audit of a split."""

    sources: dict[str, Sha256]
    """SHA-256 of each list that was read."""
    patient_told_by: dict[str, int]
    """Number of items whose patient each rule gave."""
    both_sides: bool
    """True if anything is in two subsets of a fold."""
    folds: tuple[FoldAudit, ...]
    """The folds, in order."""
    robustness: Annotated[Robustness | None, Field(exclude_if=is_none)] = None
    """Class against family; no key where no features were given."""
    digest: Annotated[Sha256 | None, Field(exclude_if=is_none)] = None
    """SHA-256 of all other keys as canonical JSON."""
