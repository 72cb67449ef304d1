"""Labelled predictions in numbers: metrics with intervals, confusion and curves, by sample, patch and image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field

from neurograde.maths import assessment, bootstrap
from neurograde.specs.base import is_none
from neurograde.specs.results.base import Part


class Interval(Part):
    """A metric with its 95 % interval over families."""

    value: float | None
    """The metric; None where it is undefined."""
    low: float | None = None
    """Lower bound; None where there is none."""
    high: float | None = None
    """Upper bound; None where there is none."""
    undefined: int = 0
    """Resamples that left the metric undefined."""
    exact: Annotated[int | None, Field(exclude_if=is_none)] = None
    """Families of an exact interval (Clopper-Pearson); None of one over resampled families."""

    @classmethod
    def from_maths(cls, interval: bootstrap.Interval) -> Self:
        """Return the interval without what all intervals of an assessment share."""
        return cls(
            value=interval.value,
            low=interval.low,
            high=interval.high,
            undefined=interval.undefined,
            exact=interval.exact,
        )


Intervals = dict[str, Interval]
"""Metrics by name."""


def intervals(metrics: Mapping[str, bootstrap.Interval]) -> Intervals:
    """Return the metrics as results have them."""
    return {name: Interval.from_maths(interval) for name, interval in metrics.items()}


class CalibrationBin(Part):
    """A point of the calibration curve."""

    low: float
    """Left border of the bin, excluded except by the first."""
    high: float
    """Right border, included."""
    n: int
    """Units in the bin."""
    mean_probability: float | None
    """Mean probability of the positive class; None in an empty bin."""
    positive_share: float | None
    """Share of the positive class; None in an empty bin."""

    @classmethod
    def from_maths(cls, point: Any) -> Self:
        """Return the point of a `maths.calibration` curve."""
        return cls(**vars(point))


class ClassCount(Part):
    """The units of a class."""

    n: int
    """Number of units."""
    families: int
    """Families that they come from."""


class Assessment(Part):
    """The success of a classifier on some units: samples, patches, images or cases."""

    n: int
    """Number of units."""
    families: int
    """Families that they come from: the intervals resample these."""
    classes: dict[str, ClassCount] = Field(default_factory=dict)
    """Units of each class."""
    metrics: Intervals
    """Metrics of the whole; of more than two classes also those of the positive one against the rest."""
    against_rest: dict[str, Intervals] = Field(default_factory=dict)
    """Metrics of each class against the rest; empty for two classes, whose metrics are the positive one's."""
    confusion: tuple[tuple[int, ...], ...]
    """Units by true class (rows) and named class."""
    calibration: tuple[CalibrationBin, ...] = ()
    """The reliability diagram of the positive class."""
    roc: tuple[tuple[float, float], ...] = ()
    """Corners of the ROC curve of the positive class: false and true positive rate."""

    @classmethod
    def from_maths(cls, assessed: assessment.Assessment, classes: tuple[str, ...]) -> Self:
        """Return the assessment of units of `classes`."""
        counts = zip(classes, assessed.class_counts, assessed.class_families, strict=True)
        return cls(
            n=assessed.n,
            families=assessed.families,
            classes={label: ClassCount(n=n, families=families) for label, n, families in counts},
            metrics=intervals(assessed.metrics),
            against_rest={
                label: intervals(metrics) for label, metrics in zip(classes, assessed.against_rest, strict=False)
            },
            confusion=tuple(tuple(row) for row in assessed.confusion.tolist()),
            calibration=tuple(CalibrationBin.from_maths(point) for point in assessed.calibration),
            roc=tuple(assessed.roc),
        )

    def metric(self, name: str) -> Interval:
        """Return the metric `name`; undefined where it was not taken."""
        return self.metrics.get(name, Interval(value=None))


class SubsetResult(Part):
    """The three ways of counting a subset."""

    samples: Assessment
    """Result by sample, as the report counts."""
    patches: Assessment
    """Result by patch as it was cut."""
    images: Assessment
    """Result by image, with the mean probability of its patches."""


class Threshold(Part):
    """The probability from which a unit counts as positive."""

    value: float | None
    """The probability; None with more than two classes, of which the most probable is named."""
    source: str
    """Source of the threshold, in words."""
