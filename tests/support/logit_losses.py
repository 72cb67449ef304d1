"""The losses of `maths.losses` from logits, which are exact everywhere: references for the tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from neurograde.maths.predictions import binary_predictions, multiclass_predictions


def binary_cross_entropy_with_logits(labels: ArrayLike, logits: ArrayLike) -> float:
    """Return the mean of log(1 + exp(-z)) for the positive and log(1 + exp(z)) for the other; labels and logits z (n,).

    Raises:
        ValueError: If there are no samples, the shapes differ, or a label is neither 0 nor 1.
    """
    scores = np.asarray(logits, dtype=np.float64)
    # Any probabilities do for the check of shapes and labels.
    truth, _ = binary_predictions(labels, np.zeros_like(scores))
    return float(np.mean(np.logaddexp(0.0, np.where(truth == 1, -scores, scores))))


def cross_entropy_with_logits(labels: ArrayLike, logits: ArrayLike) -> float:
    """Return the mean of logsumexp(z) - z of the true class; labels (n,), logits z (n, k).

    Raises:
        ValueError: If the shapes do not fit, or a label is not 0 to k - 1.
    """
    scores = np.asarray(logits, dtype=np.float64)
    uniform = np.full(scores.shape, 1.0 / scores.shape[-1]) if scores.ndim == 2 else scores
    truth, _ = multiclass_predictions(labels, uniform)
    return float(np.mean(np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(truth)), truth]))
