"""The ROC curve: true positive rate over false positive rate for every threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from neurograde.maths.predictions import binary_predictions


def roc_curve(labels: ArrayLike, probabilities: ArrayLike) -> list[tuple[float, float]]:
    """Return the corners of the ROC curve from (0, 0) to (1, 1), without points on a straight line between corners.

    >>> roc_curve([1, 1, 0, 0], [0.9, 0.4, 0.4, 0.1])
    [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]

    Args:
        labels: Shape (n,), 1 for the positive class.
        probabilities: Shape (n,), of the positive class; only their order matters.

    Returns:
        Pairs of false positive rate and true positive rate; empty if one of the two classes is absent.

    Raises:
        ValueError: If labels or probabilities are not what `binary_predictions` accepts.
    """
    truth, scores = binary_predictions(labels, probabilities)
    positives, others = int(truth.sum()), int(len(truth) - truth.sum())
    if positives == 0 or others == 0:
        return []
    order = np.argsort(-scores, kind="stable")
    # A threshold lets in all samples of one probability together.
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.concatenate([[0], np.cumsum(truth[order])[ends]])
    alarms = np.concatenate([[0], ends + 1]) - hits
    # In whole samples, so that no rounding bends a straight line: a corner is where the cross product is not 0.
    bends = np.diff(hits)[1:] * np.diff(alarms)[:-1] != np.diff(hits)[:-1] * np.diff(alarms)[1:]
    corners = np.concatenate([[True], bends, [True]])
    return [(float(x), float(y)) for x, y in zip(alarms[corners] / others, hits[corners] / positives, strict=True)]
