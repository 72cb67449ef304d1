"""The losses that the networks minimise, as means over samples, from logits or from probabilities.

From logits they are exact everywhere. A probability that has rounded to 0 or 1 has lost what its logit knew,
so the versions for probabilities hold it one float64 epsilon away, as scikit-learn does: a sample costs at most
36.04.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from neurograde.maths.predictions import binary_predictions, multiclass_predictions

_EPSILON = float(np.finfo(np.float64).eps)


def binary_cross_entropy(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean of -log(probability given to the true class); labels and probabilities (n,), 1 is positive.

    >>> round(binary_cross_entropy([1, 0], [0.5, 0.5]), 6)  # log 2
    0.693147

    Raises:
        ValueError: If labels or probabilities are not what `binary_predictions` accepts.
    """
    truth, given = binary_predictions(labels, probabilities)
    return _mean_log_loss(np.where(truth == 1, given, 1.0 - given))


def binary_cross_entropy_with_logits(labels: ArrayLike, logits: ArrayLike) -> float:
    """Mean of log(1 + exp(-z)) for the positive and log(1 + exp(z)) for the other; labels and logits z (n,).

    Raises:
        ValueError: If there is no sample, the shapes differ, or a label is neither 0 nor 1.
    """
    scores = np.asarray(logits, dtype=np.float64)
    # Any probabilities do for the check of shapes and labels.
    truth, _ = binary_predictions(labels, np.zeros_like(scores))
    return float(np.mean(np.logaddexp(0.0, np.where(truth == 1, -scores, scores))))


def cross_entropy(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean of -log(probability given to the true class); labels (n,), probabilities (n, k).

    Raises:
        ValueError: If labels or probabilities are not what `multiclass_predictions` accepts.
    """
    truth, given = multiclass_predictions(labels, probabilities)
    return _mean_log_loss(given[np.arange(len(truth)), truth])


def cross_entropy_with_logits(labels: ArrayLike, logits: ArrayLike) -> float:
    """Mean of logsumexp(z) - z of the true class; labels (n,), logits z (n, k).

    Raises:
        ValueError: If the shapes do not fit, or a label is not 0 to k - 1.
    """
    scores = np.asarray(logits, dtype=np.float64)
    uniform = np.full(scores.shape, 1.0 / scores.shape[-1]) if scores.ndim == 2 else scores
    truth, _ = multiclass_predictions(labels, uniform)
    return float(np.mean(np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(truth)), truth]))


def _mean_log_loss(of_truth: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(-np.mean(np.log(np.clip(of_truth, _EPSILON, 1.0 - _EPSILON))))
