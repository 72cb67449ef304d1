"""The step size over the epochs: a factor on every session's own learning rate."""

from __future__ import annotations

import math

from neurograde.specs.train import Schedule


def factor(schedule: Schedule, epoch: int, epochs: int) -> float:
    """Return the factor in an epoch (from 1) of a session of that many epochs.

    Warm-up multiplies: epoch 1 of 4 takes a quarter of the step.

    >>> [factor(Schedule(kind="step", every=2, factor=0.5), epoch, 6) for epoch in (1, 2, 3, 4, 5, 6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    >>> [round(factor(Schedule(kind="cosine", factor=0.2), epoch, 3), 2) for epoch in (1, 2, 3)]
    [1.0, 0.6, 0.2]
    >>> [factor(Schedule(warm_up=4), epoch, 6) for epoch in (1, 2, 3, 4, 5, 6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    warm = min(1.0, epoch / schedule.warm_up) if schedule.warm_up else 1.0
    if schedule.kind == "step":
        return float(warm * schedule.factor ** ((epoch - 1) // schedule.every))
    if schedule.kind == "cosine":
        done = (epoch - 1) / max(1, epochs - 1)
        return warm * (schedule.factor + (1 - schedule.factor) * (1 + math.cos(math.pi * done)) / 2)
    return warm
