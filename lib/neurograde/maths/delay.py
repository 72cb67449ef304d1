"""The delay of learning curves, which §2.6 reads off figure 2.9: the epoch at which they reach a loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Curve = Mapping[int, float]
"""Loss by epoch."""


def common_threshold(curves: Sequence[Curve]) -> float | None:
    """Return the lowest loss that every curve reaches, the highest of their minima.

    None where training lowers one of them nowhere: its loss at epoch 0 then reaches whatever it ever reaches.

    >>> common_threshold([{0: 0.7, 1: 0.5}, {0: 0.7, 1: 0.2}])
    0.5
    >>> common_threshold([{0: 0.7, 1: 0.8}, {0: 0.7, 1: 0.2}]) is None
    True
    """
    threshold = max(min(curve.values()) for curve in curves)
    return threshold if all(curve[min(curve)] > threshold for curve in curves) else None


def first_epoch_below(curve: Curve, threshold: float | None) -> int | None:
    """Return the first epoch at which the loss is `threshold` or less; None without one, or without a threshold.

    >>> first_epoch_below({0: 0.7, 1: 0.5, 2: 0.4}, 0.5)
    1
    >>> first_epoch_below({0: 0.7}, 0.5) is None
    True
    """
    if threshold is None:
        return None
    return min((epoch for epoch, loss in curve.items() if loss <= threshold), default=None)
