"""balance.json of data sets: the classes of each subset before and after balancing (tables 2.1 to 2.3)."""

from __future__ import annotations

from neurograde.specs.results.base import Part, Result


class ClassOfBalance(Part):
    """One class of one subset (table 2.1)."""

    patches: int = 0
    """Patches that were taken."""
    copies_balanced: int = 1
    """Samples of a patch once the classes are balanced."""
    copies_final: int = 1
    """Samples of a patch in the end."""
    start: int
    """Samples before balancing."""
    balanced: int
    """Samples once the classes are balanced."""
    final: int
    """Samples in the end."""


class Ratio(Part):
    """The largest class of a subset over the smallest (table 2.2)."""

    start: float
    """Before balancing."""
    balanced: float
    """Once the classes are balanced."""
    final: float
    """In the end."""


class SubsetOfBalance(Part):
    """The balance of one subset."""

    r: int
    """Largest class over smallest, rounded (eq. 2.4)."""
    ngca: int
    """Samples of a patch of the smallest class at most (eq. 2.6); 0 without balancing."""
    classes: dict[str, ClassOfBalance]
    """Samples of each class."""
    ratio: Ratio
    """Largest class over smallest, unrounded."""
    total: int = 0
    """Samples of all classes (table 2.3)."""


class Balance(Result):
    """The balance of a data set."""

    balance: str
    """Way of balancing: `ngca`, `subsample` or `none`."""
    transforms: int
    """Transforms that could be used, of 7."""
    classes: tuple[str, ...]
    """The classes."""
    subsets: dict[str, SubsetOfBalance]
    """Balance of each subset."""
    total: int = 0
    """Samples of all subsets."""
