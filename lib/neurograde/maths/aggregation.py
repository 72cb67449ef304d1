"""Ways to combine the patches of a case into one score per class: by mean, by vote, by the highest-scoring patches.

The scores of a case sum to 1 over the classes:

- `mean`: the mean of the patches' probabilities.
- `vote`: each patch votes for one class; the score is a class's share of the votes, whatever the probabilities.
- `top_k`: for each class the mean of its k greatest probabilities, over the sum of these means, so that a few patches
  can decide (topK pooling: Lu et al., Visual Language Pretrained Multiple Instance Zero-Shot Transfer for
  Histopathology Images, CVPR 2023). In a case of fewer than k patches all count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from neurograde.maths.predictions import Floats, mean_over_groups

AGGREGATIONS = ("mean", "vote", "top_k")


def aggregate(
    how: str, cases: Sequence[str], probabilities: ArrayLike, named: ArrayLike, k: int
) -> tuple[list[str], Floats]:
    """Return the score of each class for each case.

    >>> rows = [[0.9, 0.1], [0.4, 0.6], [0.4, 0.6]]
    >>> for how in AGGREGATIONS:
    ...     names, scores = aggregate(how, ["a", "a", "a"], rows, [0, 1, 1], k=1)
    ...     print(how, scores.round(3).tolist())
    mean [[0.567, 0.433]]
    vote [[0.333, 0.667]]
    top_k [[0.6, 0.4]]

    Args:
        how: One of `AGGREGATIONS`.
        cases: n names, the case of each patch.
        probabilities: Shape (n, class), rows of sum 1.
        named: Shape (n,), the class that each patch votes for.
        k: Number of highest-scoring patches averaged per class under `top_k`, 1 or more.

    Returns:
        The names of the cases, sorted, and their scores, shape (case, class), rows of sum 1.

    Raises:
        ValueError: `how` is not one of them, `k` is below 1, or the lengths differ or are 0.
    """
    scores = np.asarray(probabilities, np.float64)
    if how not in AGGREGATIONS or k < 1:
        raise ValueError(f"aggregate by {how!r} with k={k}: {', '.join(AGGREGATIONS)} and k of 1 or more are accepted")
    if how == "vote":
        scores = np.eye(scores.shape[1])[np.asarray(named, np.intp)]
    if how != "top_k":
        return mean_over_groups(cases, scores)
    names, case = np.unique(np.asarray(cases, str), return_inverse=True)
    means = np.array([_top_means(scores[case == number], k) for number in range(len(names))])
    return [str(name) for name in names], means / means.sum(axis=1, keepdims=True)


def _top_means(probabilities: Floats, k: int) -> Floats:
    """Return the mean of the k greatest probabilities of each class, (class,)."""
    greatest: Floats = np.sort(probabilities, axis=0)[::-1][:k].mean(axis=0)
    return greatest
