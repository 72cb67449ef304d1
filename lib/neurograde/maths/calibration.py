"""Calibration: does what the classifier is p sure of come true in a share p of the cases?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from neurograde.maths.predictions import Floats, binary_predictions, multiclass_predictions


@dataclass(frozen=True)
class CalibrationBin:
    """One point of the calibration curve."""

    low: float
    """Left border, excluded except by the first bin."""
    high: float
    """Right border, included."""
    n: int
    """Samples in the bin."""
    mean_probability: float | None
    """Mean of their probabilities; None in an empty bin."""
    positive_share: float | None
    """Share of them that are positive; None in an empty bin."""


def calibration_curve(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> tuple[CalibrationBin, ...]:
    """The reliability diagram: how sure the classifier was and how often right, in bins of equal width.

    Args:
        labels: Shape (n,), 1 for the positive class.
        probabilities: Shape (n,), of the positive class.
        bins: Number of bins over [0, 1].

    Returns:
        Every bin from low to high, empty ones included.

    Raises:
        ValueError: If `bins` is below 1, or the rest is not what `binary_predictions` accepts.
    """
    truth, given = binary_predictions(labels, probabilities)
    edges, counts, sure, right = _sums(truth.astype(np.float64), given, bins)
    return tuple(
        CalibrationBin(
            low=float(edges[each]),
            high=float(edges[each + 1]),
            n=int(counts[each]),
            mean_probability=float(sure[each] / counts[each]) if counts[each] else None,
            positive_share=float(right[each] / counts[each]) if counts[each] else None,
        )
        for each in range(bins)
    )


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Mean over the samples of |mean probability - positive share| of their bin.

    >>> round(expected_calibration_error([1, 1, 0, 0], [0.9, 0.9, 0.1, 0.3]), 6)
    0.15

    Raises:
        ValueError: As `calibration_curve`.
    """
    truth, given = binary_predictions(labels, probabilities)
    return _error(truth.astype(np.float64), given, bins)


def top_label_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """The same over k classes, of the probability given to the predicted class and whether it was right.

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, eq. 3.

    Raises:
        ValueError: If `bins` is below 1, or the rest is not what `multiclass_predictions` accepts.
    """
    truth, given = multiclass_predictions(labels, probabilities)
    return _error((given.argmax(axis=1) == truth).astype(np.float64), given.max(axis=1), bins)


def _error(right: Floats, sure: Floats, bins: int) -> float:
    _, _, sure_sums, right_sums = _sums(right, sure, bins)
    return float(np.abs(sure_sums - right_sums).sum() / len(sure))


def _sums(right: Floats, sure: Floats, bins: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Edges (bins + 1,), then per bin (bins,): samples, sum of `sure`, sum of `right`."""
    if bins < 1:
        raise ValueError(f"bins={bins}: 1 or more is accepted")
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.searchsorted(edges[1:-1], sure, side="left")
    counts, sure_sums, right_sums = (
        np.bincount(place, weights, bins).astype(np.float64) for weights in (np.ones(len(sure)), sure, right)
    )
    return edges, counts, sure_sums, right_sums
