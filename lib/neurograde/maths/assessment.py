"""Everything that is said of one set of labelled predictions: metrics with intervals, confusion, curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurograde.maths.bootstrap import Interval, bootstrap_over_families
from neurograde.maths.calibration import (
    CalibrationBin,
    calibration_curve,
    expected_calibration_error,
    top_label_calibration_error,
)
from neurograde.maths.losses import binary_cross_entropy, cross_entropy
from neurograde.maths.metrics import (
    MetricFunction,
    Metrics,
    binary_metrics,
    confusion,
    multiclass_metrics,
    one_against_rest,
)
from neurograde.maths.roc_curve import roc_curve

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Assessment:
    """How a classifier did on n labelled units: samples, patches or images."""

    n: int
    """Units."""
    families: int
    """Families that they come from: what the intervals resample."""
    class_counts: tuple[int, ...]
    """Units of each class."""
    class_families: tuple[int, ...]
    """Families of each class."""
    metrics: dict[str, Interval]
    """The metrics of the whole; of more than two classes also those of the positive one against the rest."""
    against_rest: tuple[dict[str, Interval], ...]
    """Of more than two classes, each against the rest."""
    confusion: NDArray[np.int64]
    """Shape (class, class), rows are the truth."""
    calibration: tuple[CalibrationBin, ...]
    """The reliability diagram of the positive class."""
    roc: list[tuple[float, float]]
    """Corners of the ROC curve of the positive class: false and true positive rate."""


def decide(probabilities: Floats, positive: int, threshold: float) -> Ints:
    """The class each unit is given: of two, `positive` from `threshold` on; of more, the most probable.

    >>> decide(np.array([[0.3, 0.7], [0.6, 0.4]]), positive=0, threshold=0.25)
    array([0, 0])

    Args:
        probabilities: Shape (n, class).
        positive: Index of the positive class.
        threshold: Least probability of the positive class at which it is named.

    Returns:
        Shape (n,), class indices; of equally probable classes the first.
    """
    if probabilities.shape[1] > 2:
        return np.asarray(probabilities.argmax(axis=1), dtype=np.intp)
    return np.where(probabilities[:, positive] >= threshold, positive, 1 - positive)


def metrics_of(labels: Ints, probabilities: Floats, *, positive: int, threshold: float, bins: int) -> MetricFunction:
    """The metrics of any selection of the units; arguments as for `assess`.

    Of more than two classes, names with a space in them (`f_measure 2`) are of that class against the rest.
    """
    classes = probabilities.shape[1]
    truth, given = labels == positive, probabilities[:, positive]

    def binary(rows: Ints) -> Metrics:
        values = binary_metrics(truth[rows], given[rows], threshold)
        return {**values, "calibration_error": expected_calibration_error(truth[rows], given[rows], bins)}

    def several(rows: Ints) -> Metrics:
        values = multiclass_metrics(labels[rows], probabilities[rows])
        of_class = one_against_rest(labels[rows], probabilities[rows])
        return {
            **values,
            "calibration_error": top_label_calibration_error(labels[rows], probabilities[rows], bins),
            **of_class[positive],
            **{f"{name} {each}": value for each in range(classes) for name, value in of_class[each].items()},
        }

    return binary if classes == 2 else several


def sureness_of(labels: Ints, probabilities: Floats, *, positive: int, bins: int) -> MetricFunction:
    """Those of `metrics_of` that a temperature changes, since they ask how sure the classifier is: the same values."""
    truth, given = labels == positive, probabilities[:, positive]
    right = np.eye(probabilities.shape[1])[labels]

    def binary(rows: Ints) -> Metrics:
        return {
            "loss": binary_cross_entropy(truth[rows], given[rows]),
            "brier": float(np.mean((given[rows] - truth[rows]) ** 2)),
            "calibration_error": expected_calibration_error(truth[rows], given[rows], bins),
        }

    def several(rows: Ints) -> Metrics:
        return {
            "loss": cross_entropy(labels[rows], probabilities[rows]),
            "brier": float(np.mean(np.sum((probabilities[rows] - right[rows]) ** 2, axis=1))),
            "calibration_error": top_label_calibration_error(labels[rows], probabilities[rows], bins),
        }

    return binary if probabilities.shape[1] == 2 else several


def assess(
    labels: Ints,
    probabilities: Floats,
    families: Sequence[str],
    *,
    positive: int,
    threshold: float,
    bins: int,
    resamples: int,
    rng: np.random.Generator,
) -> Assessment:
    """Assess predictions against their labels; every metric with its 95 % interval over resampled families.

    Args:
        labels: Shape (n,), index of the true class.
        probabilities: Shape (n, class), each row of sum 1.
        families: n names, the family of each unit.
        positive: Index of the class that sensitivity, specificity and the curves speak of.
        threshold: Least probability of the positive class at which it is named; with two classes only.
        bins: Bins of the calibration curve and of the calibration error.
        resamples: Bootstrap resamples of the families.
        rng: Generator of the resamples.

    Raises:
        ValueError: If there is no unit, or labels and probabilities do not fit.
    """
    classes = probabilities.shape[1]
    truth, given = labels == positive, probabilities[:, positive]
    metrics = metrics_of(labels, probabilities, positive=positive, threshold=threshold, bins=bins)
    intervals = bootstrap_over_families(metrics, families, rng, resamples)
    for each, suffix in [(positive, ""), *((each, f" {each}") for each in range(classes if classes > 2 else 0))]:
        for name, members in (("sensitivity", labels == each), ("specificity", labels != each)):
            # All the metric's units are of one family, so the resamples that define it all repeat that family.
            if len({family for family, member in zip(families, members, strict=True) if member}) < 2:
                intervals[name + suffix] = replace(intervals[name + suffix], low=None, high=None)
    against_rest = tuple(
        {name.removesuffix(f" {each}"): found for name, found in intervals.items() if name.endswith(f" {each}")}
        for each in range(classes)
    )
    return Assessment(
        n=len(labels),
        families=len(set(families)),
        class_counts=tuple(int((labels == each).sum()) for each in range(classes)),
        class_families=tuple(
            len({family for family, label in zip(families, labels, strict=True) if label == each})
            for each in range(classes)
        ),
        metrics={name: found for name, found in intervals.items() if " " not in name},
        against_rest=against_rest if classes > 2 else (),
        confusion=confusion(labels, decide(probabilities, positive, threshold), classes),
        calibration=calibration_curve(truth, given, bins),
        roc=roc_curve(truth, given),
    )
