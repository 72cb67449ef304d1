"""Statistics of the sessions of a setting, and the order of settings (§4.1.1).

A training session depends on chance, so a setting is judged by the mean over its repeats. The best repeat, which is the
report's headline, is reported as well and does not change the order.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Statistics over the repeats of a setting."""

    mean: float | None
    """Mean over the repeats; None without any."""
    std: float | None
    """Standard deviation of a sample, n - 1 in the denominator; None with fewer than two repeats."""
    best: float | None
    """The best repeat; None without any."""


def spread(values: Sequence[float], best: Callable[[Iterable[float]], float] = min) -> Spread:
    """Return mean, standard deviation and best of the repeats; `best` is `min` for losses and `max` for accuracies.

    >>> spread([0.5, 0.25, 0.75])
    Spread(mean=0.5, std=0.25, best=0.25)
    """
    return Spread(
        # mean and stdev sum exactly and round once, so neither depends on the order of the repeats.
        mean=statistics.mean(values) if values else None,
        std=statistics.stdev(values) if len(values) > 1 else None,
        best=best(values) if values else None,
    )


def rank_cells(losses: Mapping[str, Sequence[float]]) -> list[str]:
    """Return the names of the settings, lowest mean loss first; equal means by name, those without a value last.

    >>> rank_cells({"a": [0.5, 0.3], "b": [], "c": [0.2, 0.4]})
    ['c', 'a', 'b']

    Args:
        losses: For each setting the minimax loss of every repeat that has one.
    """
    return sorted(losses, key=lambda cell: (not losses[cell], statistics.mean(losses[cell] or [0.0]), cell))


def best_session(losses: Mapping[str, float]) -> str:
    """Return the session of lowest loss, the first by name of equals.

    >>> best_session({"b": 0.3, "a": 0.3, "c": 0.4})
    'a'

    Raises:
        ValueError: `losses` is empty.
    """
    if not losses:
        raise ValueError("no session to choose from: at least one with a loss is accepted")
    return min(losses, key=lambda session: (losses[session], session))
