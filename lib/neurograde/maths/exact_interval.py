"""The exact interval of a share of n independent units: Clopper and Pearson, Biometrika 26 (1934).

It is for shares that the bootstrap cannot judge: where every family has the same share, its resamples are all equal,
and of up to three families one resample in forty or more repeats a single family, so that the percentiles are no more
than the range of the families.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def clopper_pearson(successes: ArrayLike, n: int, level: float = 0.95) -> tuple[Any, Any]:
    """Return both bounds of the exact interval of a share, in the shape of `successes`.

    >>> low, high = clopper_pearson(6, 6)
    >>> round(float(low), 2), float(high)
    (0.54, 1.0)

    Args:
        successes: Successes among the units, each 0 to n; the mean share of units that are families, times n, need
            not be whole.
        n: Number of independent units, 1 or more.
        level: Coverage of the interval.
    """
    from scipy.special import betaincinv  # noqa: PLC0415 - records are read without it, and a finished job needs no more

    k = np.asarray(successes, dtype=float)
    tail = 0.5 - level / 2
    tiny = np.finfo(float).tiny
    low = np.where(k > 0, betaincinv(np.maximum(k, tiny), n - k + 1, tail), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, tiny), 1 - tail), 1.0)
    return low, high


def too_few_to_resample(families: int, level: float = 0.95) -> bool:
    """Return True if a resample repeats one given family more often than a tail of the interval allows.

    >>> [too_few_to_resample(families) for families in (2, 3, 4)]
    [True, True, False]
    """
    return float(families) ** -families > 0.5 - level / 2
