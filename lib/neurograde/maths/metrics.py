"""Metrics of a classifier on labelled samples: two classes of which one is positive, or k classes.

A metric that the samples leave undefined (sensitivity without a positive sample, ROC AUC with one class
present) is None: never 0, never an error. A sample is positive if its probability reaches the threshold;
of k classes the most probable is predicted, the first of equals.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurograde.maths.calibration import expected_calibration_error, top_label_calibration_error
from neurograde.maths.losses import binary_cross_entropy, cross_entropy
from neurograde.maths.predictions import binary_predictions, multiclass_predictions
from neurograde.maths.roc import roc_auc, roc_auc_macro

Metrics = dict[str, float | None]


def confusion(labels: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return the counts of (true class, predicted class); labels and predicted (n,) in 0 .. classes - 1.

    >>> confusion([0, 0, 1], [0, 1, 1], classes=2)
    array([[1, 1],
           [0, 1]])

    Returns:
        Shape (classes, classes): rows are the truth.

    Raises:
        ValueError: If the shapes differ or a class is out of range.
    """
    truth, named = np.asarray(labels, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if truth.ndim != 1 or truth.shape != named.shape:
        raise ValueError(f"labels {truth.shape} and predicted {named.shape}: two shapes (n,) are accepted")
    if truth.size and not (min(truth.min(), named.min()) >= 0 and max(truth.max(), named.max()) < classes):
        raise ValueError(f"a class is out of range: 0 to {classes - 1} are accepted")
    return np.bincount(truth * classes + named, minlength=classes**2).reshape(classes, classes)


def binary_metrics(labels: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> Metrics:
    """Return the metrics of a test with two classes.

    `loss` is the binary cross-entropy, `brier` the mean squared error of the probability, `calibration_error`
    the expected calibration error over 10 bins, `majority_baseline` the accuracy of always naming the more
    frequent class of these samples; `f_measure`, `precision` and `sensitivity` are of the positive class.

    Args:
        labels: Shape (n,), 1 for the positive class.
        probabilities: Shape (n,), of the positive class, in [0, 1].
        threshold: Least probability at which a sample is positive.

    Raises:
        ValueError: If labels or probabilities are not what `binary_predictions` accepts.
    """
    truth, scores = binary_predictions(labels, probabilities)
    matrix = confusion(truth, scores >= threshold, classes=2)
    of_positive = _against_rest(matrix, positive=1)
    return {
        "loss": binary_cross_entropy(truth, scores),
        "accuracy": float(np.trace(matrix) / matrix.sum()),
        "balanced_accuracy": _mean_of_defined(_recalls(matrix)),
        "majority_baseline": float(matrix.sum(axis=1).max() / matrix.sum()),
        **of_positive,
        "roc_auc": roc_auc(truth, scores),
        "brier": float(np.mean((scores - truth) ** 2)),
        "calibration_error": expected_calibration_error(truth, scores),
    }


def multiclass_metrics(labels: ArrayLike, probabilities: ArrayLike) -> Metrics:
    """Return the metrics of a test with k classes, in the order of their grade.

    `loss` is the cross-entropy; `brier` the squared error summed over the classes, so between 0 and 2;
    `f_macro` and `roc_auc_macro` are means over the classes, each against the rest; `quadratic_kappa` weighs
    an error by the square of its distance in grade.

    Args:
        labels: Shape (n,), the index of the true class.
        probabilities: Shape (n, k), each row of sum 1.

    Raises:
        ValueError: If labels or probabilities are not what `multiclass_predictions` accepts.
    """
    truth, scores = multiclass_predictions(labels, probabilities)
    classes = scores.shape[1]
    matrix = confusion(truth, scores.argmax(axis=1), classes)
    return {
        "loss": cross_entropy(truth, scores),
        "accuracy": float(np.trace(matrix) / matrix.sum()),
        "balanced_accuracy": _mean_of_defined(_recalls(matrix)),
        "majority_baseline": float(matrix.sum(axis=1).max() / matrix.sum()),
        "f_macro": _mean_of_defined([_against_rest(matrix, index)["f_measure"] for index in range(classes)]),
        "roc_auc_macro": roc_auc_macro(truth, scores),
        "quadratic_kappa": quadratic_kappa(matrix),
        "brier": float(np.mean(np.sum((scores - np.eye(classes)[truth]) ** 2, axis=1))),
        "calibration_error": top_label_calibration_error(truth, scores),
    }


def one_against_rest(labels: ArrayLike, probabilities: ArrayLike) -> list[Metrics]:
    """Return the metrics of each class against the rest: F-measure, precision, sensitivity, specificity and ROC AUC.

    Args:
        labels: Shape (n,), the index of the true class.
        probabilities: Shape (n, k), each row of sum 1.

    Raises:
        ValueError: If labels or probabilities are not what `multiclass_predictions` accepts.
    """
    truth, scores = multiclass_predictions(labels, probabilities)
    matrix = confusion(truth, scores.argmax(axis=1), scores.shape[1])
    return [
        {**_against_rest(matrix, index), "roc_auc": roc_auc(truth == index, scores[:, index])}
        for index in range(scores.shape[1])
    ]


def quadratic_kappa(matrix: NDArray[np.int64]) -> float | None:
    """Return Cohen's kappa with quadratic weights: 1 - sum(w O) / sum(w E), w = (i - j)^2, E from the margins.

    Args:
        matrix: Shape (k, k), counts of (true, predicted), classes in the order of their grade.

    Returns:
        Kappa, or None when truth and prediction are one and the same single class.
    """
    grades = np.arange(len(matrix))
    weights = (grades[:, None] - grades[None, :]) ** 2
    by_chance = np.outer(matrix.sum(axis=1), matrix.sum(axis=0)) / matrix.sum()
    expected = float((weights * by_chance).sum())
    return 1.0 - float((weights * matrix).sum()) / expected if expected else None


def _against_rest(matrix: NDArray[np.int64], positive: int) -> Metrics:
    hits = matrix[positive, positive]
    misses = matrix[positive].sum() - hits
    false_alarms = matrix[:, positive].sum() - hits
    rejections = matrix.sum() - hits - misses - false_alarms
    return {
        "f_measure": _share(2 * hits, 2 * hits + misses + false_alarms),
        "precision": _share(hits, hits + false_alarms),
        "sensitivity": _share(hits, hits + misses),
        "specificity": _share(rejections, rejections + false_alarms),
    }


def _recalls(matrix: NDArray[np.int64]) -> list[float | None]:
    return [_share(matrix[index, index], matrix[index].sum()) for index in range(len(matrix))]


def _share(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None


def _mean_of_defined(values: list[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if len(defined) == len(values) else None


MetricFunction = Callable[[NDArray[np.intp]], Metrics]
"""A function from row indices (m,), which the bootstrap resamples, to the metrics of these samples."""
