"""How far two reviewers agree beyond chance: Cohen's kappa (Educational and Psychological Measurement 20:37, 1960)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cohen_kappa(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float | None:
    """Kappa of two yes-or-no judgements of the same cells: 1 full agreement, 0 what chance gives, below 0 less.

    kappa = (p_o - p_e) / (1 - p_e), p_o the share on which they agree, p_e the share on which two judges with these
    shares of yes would agree by chance.

    Args:
        first: One reviewer's judgements, (cell,).
        second: The other's, (cell,).

    Returns:
        Kappa; None where chance alone would agree on everything (both say the same throughout), or without cells.

    Raises:
        ValueError: they judged different numbers of cells.

    >>> cohen_kappa(np.array([True, True, False, False]), np.array([True, False, False, False]))
    0.5
    """
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"judgements of shapes {first.shape} and {second.shape}; accepted: two of one length")
    if not first.size:
        return None
    observed = float((first == second).mean())
    yes = float(first.mean()), float(second.mean())
    by_chance = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)
