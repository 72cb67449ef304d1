"""Sequential floating forward selection (Pudil, Novovičová and Kittler, 1994)."""

from __future__ import annotations

from collections.abc import Callable

Subset = tuple[int, ...]


def floating_selection(n: int, score: Callable[[Subset], float], most: int) -> Subset:
    """Return the best subset found of at most `most` of `n` features; of equals the one with fewer, found first.

    After each step forward, features are dropped again as long as that beats the best known subset of that size: so a
    feature that two others make superfluous can go, which plain forward selection never lets happen.

    >>> floating_selection(3, lambda subset: {(0,): 3, (0, 1): 3.5, (0, 2): 3.2, (1, 2): 9}.get(subset, 1), most=3)
    (1, 2)

    Args:
        n: How many features there are.
        score: How good a subset, of rising numbers, is; asked once for each.
        most: Size that is not exceeded.
    """
    known: dict[Subset, float] = {}

    def of(subset: Subset) -> float:
        if subset not in known:
            known[subset] = score(subset)
        return known[subset]

    best: dict[int, Subset] = {}
    current: Subset = ()
    while len(current) < min(n, most):
        current = max((_with(current, feature) for feature in range(n) if feature not in current), key=of)
        current = _keep(best, current, of)
        while len(current) > 2:
            smaller = max((_without(current, feature) for feature in current), key=of)
            if of(smaller) <= of(best[len(smaller)]):
                break
            current = best[len(smaller)] = smaller
    return max(best.values(), key=lambda subset: (of(subset), -len(subset)))


def _keep(best: dict[int, Subset], subset: Subset, of: Callable[[Subset], float]) -> Subset:
    """Keep the better subset of its size; the search goes on from there."""
    size = len(subset)
    if size not in best or of(subset) > of(best[size]):
        best[size] = subset
    return best[size]


def _with(subset: Subset, feature: int) -> Subset:
    return tuple(sorted((*subset, feature)))


def _without(subset: Subset, feature: int) -> Subset:
    return tuple(kept for kept in subset if kept != feature)
