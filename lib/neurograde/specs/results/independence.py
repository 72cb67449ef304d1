"""independence.json of partitions: the proof that subsets share nothing, and patches that look alike."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurograde.specs.base import is_none
from neurograde.specs.results.base import Part, Result

Method = Literal["all pairs", "keyed"]
"""Way of the search for patches that look alike: every two compared, or those that agree on a choice of bits."""
ALL_PAIRS: Method = "all pairs"
KEYED: Method = "keyed"


class Shared(Part):
    """The families and pixels that two subsets share: none, unless the partition leaks."""

    subsets: tuple[str, str]
    """Names of the two."""
    families: tuple[str, ...]
    """Families in both."""
    identical_patches: int
    """Patches of one that are the same to the pixel as one of the other."""


class SubsetContent(Part):
    """The content of a subset."""

    families: tuple[str, ...]
    """Names of its families."""
    pixel_sha256: tuple[str, ...]
    """SHA-256 of the pixels of its patches."""


class Pair(Part):
    """Two patches that look the same, in two families and two subsets."""

    patches: tuple[str, ...]
    """Names of the two."""
    families: tuple[str, ...]
    """Families of the two."""
    subsets: tuple[str, ...]
    """Subsets of the two."""
    bits: int
    """Bits by which their hashes differ."""


class NearDuplicates(Part):
    """Patches that look the same up to brightness, turns and flips."""

    count: int
    """Number of pairs."""
    pairs: tuple[Pair, ...] = ()
    """The nearest pairs."""
    too_plain: int
    """Patches that are too plain to be compared."""
    method: Method = Field(default=ALL_PAIRS, exclude_if=lambda method: method == ALL_PAIRS)
    """Method of the search; the key is left out where every two patches were compared."""


class Spelt(Part):
    """Names that are spelt in several ways."""

    format: int = 1
    """Format of the record."""
    spellings: str
    """Rule that was asked for: `merge` or `keep_apart`."""
    families: tuple[tuple[str, ...], ...] = ()
    """Spellings of each family."""
    classes: tuple[tuple[str, ...], ...] = ()
    """Spellings of each class."""


class Independence(Result):
    """The proof of independence."""

    leaking: bool = False
    """True if subsets share families: train and valid on purpose, or any two of a given split."""
    shared: tuple[Shared, ...] = ()
    """Families and pixels that each two subsets share."""
    subsets: dict[str, SubsetContent] = Field(default_factory=dict)
    """Content of each subset."""
    near_duplicates: NearDuplicates
    """Patches that look the same."""
    spellings: Spelt | None = Field(default=None, exclude_if=is_none)
    """Spellings that meet, and what `patch` was asked to do with them; the key is left out where none do."""
    reasons: tuple[str, ...] = Field(default=(), exclude_if=lambda reasons: not reasons)
    """Leaks of a given split, in words; the key is left out where nothing leaks."""
