"""The least probability at which a sample is positive, chosen on the valid subset."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from neurograde.maths.predictions import binary_predictions


def choose_threshold(labels: ArrayLike, probabilities: ArrayLike) -> float | None:
    """Return the threshold t that maximises the balanced accuracy of "positive if probability >= t".

    Candidates are 0 (all positive), 0.5, and the middle between every two neighbouring probabilities: no other
    threshold decides differently. Of equally good ones the nearest to 0.5 wins, then the lower.

    >>> choose_threshold([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9])
    0.25
    >>> choose_threshold([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    0.5

    Args:
        labels: Shape (n,), 1 for the positive class.
        probabilities: Shape (n,), of the positive class.

    Returns:
        The threshold, or None when one of the two classes is absent.

    Raises:
        ValueError: If labels or probabilities are not what `binary_predictions` accepts.
    """
    truth, scores = binary_predictions(labels, probabilities)
    positives, others = np.sort(scores[truth == 1]), np.sort(scores[truth == 0])
    if len(positives) == 0 or len(others) == 0:
        return None
    values = np.unique(scores)
    thresholds = np.unique(np.concatenate([[0.0, 0.5], (values[:-1] + values[1:]) / 2.0]))
    # Counted in whole samples, so that equally good thresholds compare equal: no rounding decides a tie.
    hits = len(positives) - np.searchsorted(positives, thresholds, side="left")
    rejections = np.searchsorted(others, thresholds, side="left")
    balanced = hits * len(others) + rejections * len(positives)
    best = thresholds[balanced == balanced.max()]
    return float(best[np.abs(best - 0.5).argmin()])
