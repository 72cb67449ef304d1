"""Agreement of two reviewers beyond chance: Cohen's kappa (Educational and Psychological Measurement 20:37, 1960)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cohen_kappa(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float | None:
    """Return kappa of two yes-or-no judgements of the same cells: 1 is full agreement, 0 agreement by chance.

    kappa = (p_o - p_e) / (1 - p_e), p_o the share on which they agree, p_e the share on which two judges with these
    shares of yes would agree by chance.

    Args:
        first: The judgements of one reviewer, (cell,).
        second: The judgements of the other, (cell,).

    Returns:
        Kappa; None without cells, or if both reviewers gave the same answer for every cell.

    Raises:
        ValueError: They judged different numbers of cells.

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
