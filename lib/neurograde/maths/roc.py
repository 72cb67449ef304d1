"""Area under the ROC curve: the probability that a positive sample is ranked above one of the other class."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from neurograde.maths.predictions import binary_predictions, multiclass_predictions


def roc_auc(labels: ArrayLike, probabilities: ArrayLike) -> float | None:
    """Return the area under the ROC curve by the rank sum of Mann and Whitney; a tie counts one half.

    >>> roc_auc([1, 1, 0, 0], [0.9, 0.4, 0.4, 0.1])
    0.875

    Args:
        labels: Shape (n,), 1 for the positive class.
        probabilities: Shape (n,); only their order matters.

    Returns:
        The area, or None when one of the two classes is absent: no pair can be ranked.

    Raises:
        ValueError: If labels or probabilities are not what `binary_predictions` accepts.
    """
    truth, scores = binary_predictions(labels, probabilities)
    positives = int(truth.sum())
    others = len(truth) - positives
    if positives == 0 or others == 0:
        return None
    _, rank, counts = np.unique(scores, return_inverse=True, return_counts=True)
    # The mean rank, from 1, of the samples that share a value.
    ranks = np.cumsum(counts) - (counts - 1) / 2.0
    rank_sum = float(ranks[rank][truth == 1].sum())
    return (rank_sum - positives * (positives + 1) / 2.0) / (positives * others)


def roc_auc_macro(labels: ArrayLike, probabilities: ArrayLike) -> float | None:
    """Return the mean over the classes of the area of one class against the rest; labels (n,), probabilities (n, k).

    Returns:
        The mean, or None when a class is absent or the only one.

    Raises:
        ValueError: If labels or probabilities are not what `multiclass_predictions` accepts.
    """
    truth, scores = multiclass_predictions(labels, probabilities)
    areas = [roc_auc(truth == index, scores[:, index]) for index in range(scores.shape[1])]
    defined = [area for area in areas if area is not None]
    return float(np.mean(defined)) if len(defined) == len(areas) else None
