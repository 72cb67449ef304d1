"""The assessment of one set of labelled predictions: metrics with intervals, confusion, curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurograde.maths.bootstrap import Interval, bootstrap_over_families, without_empty
from neurograde.maths.calibration import (
    CalibrationBin,
    calibration_curve,
    expected_calibration_error,
    top_label_calibration_error,
)
from neurograde.maths.exact_interval import clopper_pearson, too_few_to_resample
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
    """The results of a classifier on n labelled units: samples, patches or images."""

    n: int
    """Number of units."""
    families: int
    """Number of their families, which the intervals resample."""
    class_counts: tuple[int, ...]
    """Units of each class."""
    class_families: tuple[int, ...]
    """Families of each class."""
    metrics: dict[str, Interval]
    """Metrics of all units; with more than two classes also those of the positive class against the rest."""
    against_rest: tuple[dict[str, Interval], ...]
    """Metrics of each class against the rest; empty for two classes."""
    confusion: NDArray[np.int64]
    """Counts by class, rows are the truth, (class, class)."""
    calibration: tuple[CalibrationBin, ...]
    """The reliability diagram of the positive class."""
    roc: list[tuple[float, float]]
    """Corners of the ROC curve of the positive class: false and true positive rate."""


def decide(probabilities: Floats, positive: int, threshold: float) -> Ints:
    """Return the class of each unit: of two, `positive` from `threshold` on; of more, the most probable.

    >>> decide(np.array([[0.3, 0.7], [0.6, 0.4]]), positive=0, threshold=0.25)
    array([0, 0])

    Args:
        probabilities: Shape (n, class).
        positive: Index of the positive class.
        threshold: Least probability at which a unit is positive.

    Returns:
        Shape (n,), class indices; of equally probable classes the first.
    """
    if probabilities.shape[1] > 2:
        return np.asarray(probabilities.argmax(axis=1), dtype=np.intp)
    return np.where(probabilities[:, positive] >= threshold, positive, 1 - positive)


def metrics_of(labels: Ints, probabilities: Floats, *, positive: int, threshold: float, bins: int) -> MetricFunction:
    """Return a function for the metrics of any selection of the units; arguments as for `assess`.

    With more than two classes, names with a space in them (`f_measure 2`) belong to that class against the rest.
    """
    classes = probabilities.shape[1]
    truth, scores = labels == positive, probabilities[:, positive]

    def binary(rows: Ints) -> Metrics:
        values = binary_metrics(truth[rows], scores[rows], threshold)
        return {**values, "calibration_error": expected_calibration_error(truth[rows], scores[rows], bins)}

    def several(rows: Ints) -> Metrics:
        values = multiclass_metrics(labels[rows], probabilities[rows])
        of_class = one_against_rest(labels[rows], probabilities[rows])
        return {
            **values,
            "calibration_error": top_label_calibration_error(labels[rows], probabilities[rows], bins),
            **of_class[positive],
            **{f"{name} {index}": value for index in range(classes) for name, value in of_class[index].items()},
        }

    return binary if classes == 2 else several


def sureness_of(labels: Ints, probabilities: Floats, *, positive: int, bins: int) -> MetricFunction:
    """Return the metrics of `metrics_of` that a temperature changes: loss, Brier score and calibration error."""
    truth, scores = labels == positive, probabilities[:, positive]
    right = np.eye(probabilities.shape[1])[labels]

    def binary(rows: Ints) -> Metrics:
        return {
            "loss": binary_cross_entropy(truth[rows], scores[rows]),
            "brier": float(np.mean((scores[rows] - truth[rows]) ** 2)),
            "calibration_error": expected_calibration_error(truth[rows], scores[rows], bins),
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

    Where the resamples of a share are all equal, or the families are too few, the interval is the exact one of as many
    independent units as there are families.

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
        ValueError: If the arrays are empty, or labels and probabilities do not fit.
    """
    classes = probabilities.shape[1]
    truth, scores = labels == positive, probabilities[:, positive]
    metrics = metrics_of(labels, probabilities, positive=positive, threshold=threshold, bins=bins)
    intervals = bootstrap_over_families(metrics, families, rng, resamples)
    named = decide(probabilities, positive, threshold)
    for name, members in _families_of_shares(labels, named, np.asarray(families), positive, classes).items():
        intervals[name] = _judged_by_families(intervals[name], members)
    intervals = without_empty(intervals)
    against_rest = tuple(
        {name.removesuffix(f" {index}"): interval for name, interval in intervals.items() if name.endswith(f" {index}")}
        for index in range(classes)
    )
    return Assessment(
        n=len(labels),
        families=len(set(families)),
        class_counts=tuple(int((labels == index).sum()) for index in range(classes)),
        class_families=tuple(
            len({family for family, label in zip(families, labels, strict=True) if label == index})
            for index in range(classes)
        ),
        metrics={name: interval for name, interval in intervals.items() if " " not in name},
        against_rest=against_rest if classes > 2 else (),
        confusion=confusion(labels, named, classes),
        calibration=calibration_curve(truth, scores, bins),
        roc=roc_curve(truth, scores),
    )


def _families_of_shares(
    labels: Ints, named: Ints, families: NDArray[np.str_], positive: int, classes: int
) -> dict[str, int]:
    """Return the number of families behind each metric that is a share of units; of a mean of shares, the fewest."""
    numbers = {"accuracy": len(set(families))}
    numbers["balanced_accuracy"] = min(len(set(families[labels == index])) for index in range(classes))
    for index, suffix in [(positive, ""), *((index, f" {index}") for index in range(classes if classes > 2 else 0))]:
        numbers[f"sensitivity{suffix}"] = len(set(families[labels == index]))
        numbers[f"specificity{suffix}"] = len(set(families[labels != index]))
        numbers[f"precision{suffix}"] = len(set(families[named == index]))
    return numbers


def _judged_by_families(interval: Interval, families: int) -> Interval:
    """Return the interval of a share over `families`: the exact one where resamples cannot judge it, none of one."""
    if interval.value is None or families < 2:
        return interval.without_bounds()
    if interval.has_width and not too_few_to_resample(families):
        return interval
    low, high = clopper_pearson(interval.value * families, families)
    return replace(interval, low=float(low), high=float(high), exact=families)
