"""The losses that the networks minimise, as means over samples, from probabilities.

A probability of 0 or 1 is clipped to one float64 epsilon from it, as in scikit-learn: a sample costs at most 36.04.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from neurograde.maths.predictions import binary_predictions, multiclass_predictions

_EPSILON = float(np.finfo(np.float64).eps)


def binary_cross_entropy(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the mean of -log(probability of the true class); labels and probabilities (n,), 1 is positive.

    >>> round(binary_cross_entropy([1, 0], [0.5, 0.5]), 6)  # log 2
    0.693147

    Raises:
        ValueError: If labels or probabilities are not what `binary_predictions` accepts.
    """
    truth, scores = binary_predictions(labels, probabilities)
    return _mean_log_loss(np.where(truth == 1, scores, 1.0 - scores))


def cross_entropy(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the mean of -log(probability of the true class); labels (n,), probabilities (n, k).

    Raises:
        ValueError: If labels or probabilities are not what `multiclass_predictions` accepts.
    """
    truth, scores = multiclass_predictions(labels, probabilities)
    return _mean_log_loss(scores[np.arange(len(truth)), truth])


def _mean_log_loss(of_truth: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(-np.mean(np.log(np.clip(of_truth, _EPSILON, 1.0 - _EPSILON))))
