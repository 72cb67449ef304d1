"""Class balance (§2.4): the number of transforms of each class.

With r the ratio of the largest class to a class, rounded to the nearest whole number, and n the transforms that the
largest class gets, every class gets r n + (r - 1), so that all of them grow by the same factor (eq. 2.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor


@dataclass(frozen=True)
class ClassBalance:
    """The effect of balancing on one class."""

    patches: int
    """Patches before balancing."""
    ratio: int
    """r, the largest class over this one, rounded."""
    balancing: int
    """Transforms up to the balancing point: r - 1, or all there are."""
    transforms: int
    """All transforms of the class."""

    @property
    def balanced(self) -> int:
        """Samples at the balancing point."""
        return self.patches * (1 + self.balancing)

    @property
    def final(self) -> int:
        """Samples with all transforms."""
        return self.patches * (1 + self.transforms)


def ngca(transforms: int, ratio: int) -> int:
    """Return the Number of Global Class Augmentation, eq. 2.6: the transforms that the largest class gets.

        NGCA = floor((t + 1) / r) - 1    if t >= r - 1, else 0

    >>> ngca(7, 2), ngca(7, 1), ngca(1, 3)
    (3, 7, 0)
    """
    return (transforms + 1) // ratio - 1 if transforms >= ratio - 1 else 0


def balance(patches: Mapping[str, int], transforms: int) -> dict[str, ClassBalance]:
    """Return the transforms of each class by NGCA, from the patches per class in one subset and t transforms.

    If t is too small to balance a class (t < r - 1), the class gets all t.

    Raises:
        ValueError: A class has no patches.

    >>> {label: (of.balanced, of.final) for label, of in balance({"PD": 734, "D": 420}, 7).items()}
    {'PD': (734, 2936), 'D': (840, 3360)}
    """
    empty = [label for label, count in patches.items() if count < 1]
    if empty:
        raise ValueError(f"the class {empty[0]!r} has no patches; every class needs at least one")
    largest = max(patches.values())
    ratios = {label: _nearest(Fraction(largest, count)) for label, count in patches.items()}
    n = ngca(transforms, max(ratios.values()))
    return {
        label: ClassBalance(
            patches=patches[label],
            ratio=ratio,
            balancing=min(ratio - 1, transforms),
            transforms=min(ratio * n + ratio - 1, transforms),
        )
        for label, ratio in ratios.items()
    }


def unrounded_ratio(samples: Mapping[str, int]) -> float:
    """Return the largest class over the smallest, as in table 2.2 (which truncates its 1.2598 to 1.25)."""
    return max(samples.values()) / min(samples.values())


def _nearest(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))
