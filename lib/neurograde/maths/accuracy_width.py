"""Width of a test accuracy before anything is trained: how much a number of test cases can decide.

A test of n independent cases gives an accuracy k / n with the exact 95 % interval of Clopper and Pearson (1934).
Its half width is averaged over k, binomial at an assumed true accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import gammaln

from neurograde.maths.exact_interval import clopper_pearson

ACCURACY = 0.7
"""Assumed true accuracy by default: 88 cases are then needed for ± 10 points."""
ENOUGH_FAMILIES = 20
"""Families of a class below which folds are suggested: one test set of fewer decides little about the class."""
_MOST = 1_000_000


def half_width(n: int, accuracy: float = ACCURACY) -> float | None:
    """Return the expected half width of the 95 % interval of an accuracy over `n` cases; None for no case.

    >>> [round(half_width(n), 2) for n in (4, 20, 88)]
    [0.38, 0.21, 0.1]

    Raises:
        ValueError: `accuracy` is not between 0 and 1.
    """
    if not 0 < accuracy < 1:
        raise ValueError(f"accuracy = {accuracy}; a number between 0 and 1 is accepted")
    if n < 1:
        return None
    spread = 6 * np.sqrt(n * accuracy * (1 - accuracy)) + 6  # binomial counts beyond weigh nothing
    k = np.arange(max(0, int(n * accuracy - spread)), min(n, int(n * accuracy + spread)) + 1, dtype=float)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    probability = np.exp(ways + k * np.log(accuracy) + (n - k) * np.log1p(-accuracy))
    low, high = clopper_pearson(k, n)
    return float((probability * (high - low) / 2).sum() / probability.sum())


def cases_for(width: float, accuracy: float = ACCURACY) -> int:
    """Return the least number of cases whose expected half width is at most `width`.

    >>> cases_for(0.1)
    88

    Raises:
        ValueError: no number of cases up to a million is enough.
    """
    low, high = 0, 1
    while (half_width(high, accuracy) or 1.0) > width:
        low, high = high, 2 * high
        if high > _MOST:
            raise ValueError(f"width = {width}; more than {_MOST:,} cases would be needed")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if (half_width(middle, accuracy) or 1.0) <= width else (middle, high)
    return high


def what_it_decides(families: int, accuracy: float = ACCURACY) -> str:
    """Return in a sentence how wide the interval of a test over so many families will be.

    >>> what_it_decides(4)
    'test has 4 families: expect an accuracy of 70 % to come with an interval of ± 38 points; ± 10 take 88 families'
    """
    half = half_width(families, accuracy)
    if half is None:
        return "test has no family: it decides nothing"
    noun = "family" if families == 1 else "families"
    return (
        f"test has {families:,} {noun}: expect an accuracy of {accuracy:.0%} to come with an interval of "
        f"± {100 * half:.0f} points; ± 10 take {cases_for(0.1, accuracy)} families"
    ).replace("%", " %")


def folds_instead(families: Mapping[str, int]) -> str | None:
    """Return a suggestion of folds where a class has few families, or None.

    >>> folds_instead({"PD": 16, "D": 16, "U": 30})
    'fewer than 20 families: D 16, PD 16; with folds (strategy kfold) each of them is tested once'

    Args:
        families: number of families of each class.
    """
    few = ", ".join(f"{label} {count}" for label, count in sorted(families.items()) if count < ENOUGH_FAMILIES)
    return (
        f"fewer than {ENOUGH_FAMILIES} families: {few}; with folds (strategy kfold) each of them is tested once"
        if few
        else None
    )
