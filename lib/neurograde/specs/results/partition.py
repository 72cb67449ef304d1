"""summary.json of partitions: what was asked, what each class got, and how far that is from the best possible."""

from __future__ import annotations

from pydantic import Field

from neurograde.specs.base import Share
from neurograde.specs.results.base import Part, Result


class Targets(Part):
    """The shares that were asked, in the order train, valid, test."""

    proportions: tuple[Share, ...]
    """Shares of the pixels."""
    diversity: tuple[Share, ...]
    """Shares of the families."""
    proportion_weight: Share | None = None
    """Weight of the proportions in D."""
    diversity_weight: Share | None = None
    """Weight of the diversity in D."""
    min_train_share: Share | None = None
    """Least share of each class's pixels in train; None where none was asked."""


class SubsetOfClass(Part):
    """The part of a class that a subset got."""

    families: tuple[str, ...]
    """Names of its families."""
    patches: int
    """Number of its patches."""
    weight: int = 0
    """Number of its pixels."""
    share: float
    """Share of the class's pixels."""
    family_share: float
    """Share of the class's families."""


class ClassOfPartition(Part):
    """The division of one class."""

    weight: int = 0
    """Pixels of the class."""
    families: int
    """Families of the class."""
    loss: float | None = None
    """D of the class."""
    subsets: dict[str, SubsetOfClass]
    """Part of each subset."""


class Certificate(Part):
    """The distance of the partition from the best possible one."""

    best: float
    """Least D that was found."""
    bound: float
    """D that no partition can be below."""
    gap: float
    """D of the partition less the bound."""
    proved: bool
    """True if the best is the bound."""
    lifted: bool = False
    """True if the best was allowed less than `min_train_share` in train."""


class Parameters(Part):
    """The optimum of a search: the least D holds for all of `epsilon` at any μ in `mu`."""

    epsilon: str
    """Interval of ε."""
    mu: str
    """Interval of μ."""
    reading: str
    """Reading of "large" that won."""


class Folds(Part):
    """The fold that is tested: by number from 0, or by family where `k` is `families`."""

    k: int | str
    """Number of folds, or `families`."""
    test: int | str
    """The fold that is tested."""


class PartitionSummary(Result):
    """A partition in numbers."""

    strategy: str
    """Strategy that made it."""
    folds: Folds | None = None
    """Fold of a cross-validation; None outside one."""
    targets: Targets
    """Shares that were asked."""
    loss: float | None = None
    """D, the mean of the classes'."""
    parameters: dict[str, Parameters] = Field(default_factory=dict)
    """ε, μ and the reading of "large" by class, where they were searched."""
    remarks: tuple[str, ...] = ()
    """Reasons why D cannot be lower."""
    certificate: Certificate | None = None
    """Distance from the best possible; None where it was not computed."""
    classes: dict[str, ClassOfPartition]
    """Division of each class."""
