"""Labels and predicted probabilities: the checks that all metrics share, and means per image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def binary_predictions(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Ints, Floats]:
    """Return checked arrays of labels and of the probabilities of the positive class.

    Args:
        labels: Shape (n,), 1 for the positive class and 0 for the other.
        probabilities: Shape (n,), in [0, 1].

    Raises:
        ValueError: If the arrays are empty, the shapes differ, or a value is out of range.
    """
    truth, scores = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != scores.shape or truth.size == 0:
        raise ValueError(f"labels {truth.shape} and probabilities {scores.shape}: two shapes (n,) are accepted, n >= 1")
    if not np.isin(truth, (0, 1)).all():
        raise ValueError(f"labels hold {np.setdiff1d(truth, (0, 1))[0]}: 0 and 1 are accepted")
    _refuse_impossible(scores)
    return truth.astype(np.intp), scores


def multiclass_predictions(labels: ArrayLike, probabilities: ArrayLike) -> tuple[Ints, Floats]:
    """Return checked arrays of labels and of the probabilities of k classes.

    Args:
        labels: Shape (n,), the index of the true class, 0 to k - 1.
        probabilities: Shape (n, k), in [0, 1], each row of sum 1 to within float32.

    Raises:
        ValueError: If the arrays are empty, the shapes do not fit, or a value is out of range.
    """
    truth, scores = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if truth.ndim != 1 or scores.ndim != 2 or len(truth) != len(scores) or truth.size == 0 or scores.shape[1] < 2:
        raise ValueError(
            f"labels {truth.shape} and probabilities {scores.shape}: shapes (n,) and (n, k) are accepted, "
            "n >= 1 and k >= 2"
        )
    classes = scores.shape[1]
    if not np.isin(truth, range(classes)).all():
        raise ValueError(f"labels hold {np.setdiff1d(truth, range(classes))[0]}: 0 to {classes - 1} are accepted")
    _refuse_impossible(scores)
    sums = scores.sum(axis=1)
    if np.abs(sums - 1.0).max() > 1e-4:
        raise ValueError(f"a row of probabilities sums to {sums[np.abs(sums - 1.0).argmax()]:.6g}: 1 is accepted")
    return truth.astype(np.intp), scores


def mean_over_groups(groups: Sequence[str], values: ArrayLike) -> tuple[list[str], Floats]:
    """Return the mean of the values of each group, such as the probability of an image over its patches.

    >>> mean_over_groups(["b", "a", "b"], [0.2, 1.0, 0.4])
    (['a', 'b'], array([1. , 0.3]))

    Args:
        groups: n names, one per sample.
        values: Shape (n,) or (n, k).

    Returns:
        The names of the groups, sorted, and their means, shape (groups,) or (groups, k).

    Raises:
        ValueError: If there are not as many names as values, or none.
    """
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim not in (1, 2) or len(scores) != len(groups) or len(groups) == 0:
        raise ValueError(f"{len(groups)} names and values {scores.shape}: n names and (n,) or (n, k) values, n >= 1")
    names, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    sums = np.zeros((len(names), *scores.shape[1:]))
    np.add.at(sums, group, scores)
    counts = np.bincount(group)
    return [str(name) for name in names], sums / counts.reshape(-1, *[1] * (scores.ndim - 1))


def _refuse_impossible(probabilities: Floats) -> None:
    wrong = ~((probabilities >= 0) & (probabilities <= 1))  # a NaN is neither
    if wrong.any():
        raise ValueError(f"probabilities hold {probabilities[wrong][0]}: numbers from 0 to 1 are accepted")
