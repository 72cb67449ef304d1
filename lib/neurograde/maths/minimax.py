"""The best epoch of a session by the report's minimax rule (§4.1.2), from whole curves or epoch by epoch.

A validation curve may run ahead of training, so an epoch
counts for as much as the worse of its two values: max(train, valid) of the losses, min(train, valid) of the
accuracies. Epoch 0, before any step, never counts; the earliest of equal epochs wins; an epoch at which
either value is missing or not finite cannot win.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = Sequence[float | None]
"""One value per epoch, epoch 0 first; None or NaN after the session has diverged."""


@dataclass(frozen=True)
class BestEpoch:
    """The best epoch by the rule, with its loss and accuracy."""

    epoch: int
    """The epoch, 1 or later."""
    loss: float | None
    """max(train, valid) of the losses at that epoch; None where undefined."""
    accuracy: float | None
    """min(train, valid) of the accuracies at that epoch; None where undefined."""


def worse_loss(train_loss: float | None, valid_loss: float | None) -> float:
    """Return max(train, valid) of an epoch's losses, or infinity if either is missing or not finite.

    >>> worse_loss(0.3, 0.4), worse_loss(0.3, None), worse_loss(float("nan"), 0.4)
    (0.4, inf, inf)
    """
    if train_loss is None or valid_loss is None or not (math.isfinite(train_loss) and math.isfinite(valid_loss)):
        return math.inf
    return max(train_loss, valid_loss)


def is_better(epoch: int, loss: float, best: float) -> bool:
    """Return True if an epoch of `worse_loss` `loss` is the best so far: never epoch 0, the earliest of equals."""
    return epoch > 0 and loss < best


def best_by_loss(
    train_loss: Curve, valid_loss: Curve, train_accuracy: Curve, valid_accuracy: Curve
) -> BestEpoch | None:
    """Return the epoch that minimises max(train loss, valid loss), with the accuracy of the same epoch.

    >>> best_by_loss([9, 0.5, 0.3, 0.1], [9, 0.6, 0.4, 0.7], [0, 0.7, 0.8, 0.9], [0, 0.6, 0.9, 0.8])
    BestEpoch(epoch=2, loss=0.4, accuracy=0.8)

    Returns:
        The best epoch, or None when no epoch from 1 on has both losses.

    Raises:
        ValueError: If the four curves are not equally long.
    """
    loss, accuracy = _worse_values(train_loss, valid_loss, train_accuracy, valid_accuracy)
    return _pick(loss, accuracy, by=loss, best=np.nanargmin)


def best_by_accuracy(
    train_loss: Curve, valid_loss: Curve, train_accuracy: Curve, valid_accuracy: Curve
) -> BestEpoch | None:
    """Return the epoch that maximises min(train accuracy, valid accuracy), with the loss of the same epoch.

    >>> best_by_accuracy([9, 0.5, 0.3, 0.1], [9, 0.6, 0.4, 0.7], [0, 0.7, 0.8, 0.9], [0, 0.6, 0.9, 0.8])
    BestEpoch(epoch=2, loss=0.4, accuracy=0.8)

    Returns:
        The best epoch, or None when no epoch from 1 on has both accuracies.

    Raises:
        ValueError: If the four curves are not equally long.
    """
    loss, accuracy = _worse_values(train_loss, valid_loss, train_accuracy, valid_accuracy)
    return _pick(loss, accuracy, by=accuracy, best=np.nanargmax)


def _worse_values(*curves: Curve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the max of the losses and the min of the accuracies, (epochs,) each; NaN if either is not finite."""
    lengths = [len(curve) for curve in curves]
    if len(set(lengths)) != 1:
        raise ValueError(f"the curves have {lengths} epochs: equally long ones are accepted")
    values = np.array(
        [[np.nan if at_epoch is None else at_epoch for at_epoch in curve] for curve in curves], dtype=float
    )
    values[~np.isfinite(values)] = np.nan
    # np.maximum and np.minimum pass NaN on, so a diverged epoch cannot win.
    return np.maximum(values[0], values[1]), np.minimum(values[2], values[3])


def _pick(
    loss: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    *,
    by: NDArray[np.float64],
    best: Callable[[NDArray[np.float64]], np.intp],
) -> BestEpoch | None:
    trained = by[1:]
    if not np.isfinite(trained).any():
        return None
    epoch = int(best(trained)) + 1
    return BestEpoch(epoch=epoch, loss=_number(loss[epoch]), accuracy=_number(accuracy[epoch]))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
