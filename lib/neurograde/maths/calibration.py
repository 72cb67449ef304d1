"""Calibration: whether a share p of the samples with probability p is positive."""

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
    """Mean probability of these samples; None in an empty bin."""
    positive_share: float | None
    """Share of positive samples; None in an empty bin."""


def calibration_curve(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> tuple[CalibrationBin, ...]:
    """Return the reliability diagram: mean probability and share of positives, in bins of equal width.

    Args:
        labels: Shape (n,), 1 for the positive class.
        probabilities: Shape (n,), of the positive class.
        bins: Number of bins over [0, 1].

    Returns:
        Every bin from low to high, empty ones included.

    Raises:
        ValueError: If `bins` is below 1, or the rest is not what `binary_predictions` accepts.
    """
    truth, scores = binary_predictions(labels, probabilities)
    edges, counts, sure, right = _sums(truth.astype(np.float64), scores, bins)
    return tuple(
        CalibrationBin(
            low=float(edges[index]),
            high=float(edges[index + 1]),
            n=int(counts[index]),
            mean_probability=float(sure[index] / counts[index]) if counts[index] else None,
            positive_share=float(right[index] / counts[index]) if counts[index] else None,
        )
        for index in range(bins)
    )


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Return the mean over the samples of |mean probability - positive share| of their bin.

    >>> round(expected_calibration_error([1, 1, 0, 0], [0.9, 0.9, 0.1, 0.3]), 6)
    0.15

    Raises:
        ValueError: As `calibration_curve`.
    """
    truth, scores = binary_predictions(labels, probabilities)
    return _error(truth.astype(np.float64), scores, bins)


def top_label_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Return the expected calibration error of k classes: of the predicted class's probability and its correctness.

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, eq. 3.

    Raises:
        ValueError: If `bins` is below 1, or the rest is not what `multiclass_predictions` accepts.
    """
    truth, scores = multiclass_predictions(labels, probabilities)
    return _error((scores.argmax(axis=1) == truth).astype(np.float64), scores.max(axis=1), bins)


def _error(right: Floats, sure: Floats, bins: int) -> float:
    _, _, sure_sums, right_sums = _sums(right, sure, bins)
    return float(np.abs(sure_sums - right_sums).sum() / len(sure))


def _sums(right: Floats, sure: Floats, bins: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return edges (bins + 1,), then per bin (bins,): number of samples, sum of `sure`, sum of `right`."""
    if bins < 1:
        raise ValueError(f"bins={bins}: 1 or more is accepted")
    edges = np.linspace(0.0, 1.0, bins + 1)
    bin_of = np.searchsorted(edges[1:-1], sure, side="left")
    counts, sure_sums, right_sums = (
        np.bincount(bin_of, weights, bins).astype(np.float64) for weights in (np.ones(len(sure)), sure, right)
    )
    return edges, counts, sure_sums, right_sums
