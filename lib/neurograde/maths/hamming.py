"""Pairs of bit strings that differ in few places, each string known under several symmetries.

`all_pairs` compares every two. `keyed_pairs` compares those alone that agree on a random choice of bits, for many such
choices: two strings that differ in d of B bits agree on k random bits with probability C(B - d, k) / C(B, k), so that
enough choices miss no more than a stated share of them (bit sampling, Indyk and Motwani 1998). Its time grows hardly
faster than the number of strings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurograde.maths.seeding import generator

MISSED = 0.01
"""Share of the pairs within `SURE_BITS` that `keyed_pairs` may miss."""
SURE_BITS = 12
"""Bits up to which that share holds; pairs that differ in more are found less surely."""
CROWD = 200
"""Strings with one key that another is compared with at most: a bound on time where thousands are alike."""
_COMPARED_AT_ONCE = 100_000
_CANDIDATES_AT_ONCE = 2_000_000

Words = NDArray[np.uint64]
"""Bit strings, (symmetry, word, string) uint64, the identity first."""


class Pairs(NamedTuple):
    """Pairs of strings, each once."""

    first: NDArray[np.int64]
    """Index of one."""
    second: NDArray[np.int64]
    """Index of the other, above that of the first."""
    bits: NDArray[np.uint8]
    """Places in which they differ, under the symmetry in which they differ least."""


def all_pairs(words: Words, groups: NDArray[np.int64], near_bits: int) -> Pairs:
    """Return every two strings that differ in at most `near_bits` places and in every one of their groups.

    Args:
        words: The strings.
        groups: Groups of each string, (grouping, string): a pair that shares one is left out.
        near_bits: Most places.
    """
    n_strings = words.shape[2]
    block = max(1, _COMPARED_AT_ONCE // max(1, n_strings))
    parts = []
    for start in range(0, n_strings, block):
        stop = min(start + block, n_strings)
        apart = np.full((stop - start, n_strings - start), 255, np.uint8)
        for symmetry in words:
            bits = sum(
                np.bitwise_count(turned[start:stop, None] ^ upright[None, start:])  # (string, other string)
                for turned, upright in zip(symmetry, words[0], strict=True)
            )
            np.minimum(apart, bits, out=apart)
        for group in groups:
            apart[group[start:stop, None] == group[None, start:]] = 255
        one, other = np.nonzero(apart <= near_bits)
        above = one < other
        one, other = one[above], other[above]
        parts.append(Pairs(one + start, other + start, apart[one, other]))
    return _joined(parts)


def keyed_pairs(words: Words, groups: NDArray[np.int64], near_bits: int, bits_used: int) -> Pairs:
    """Return nearly all pairs that `all_pairs` returns: within `SURE_BITS` all but a share of `MISSED`.

    Args:
        words: The strings.
        groups: Groups of each string, as for `all_pairs`.
        near_bits: Most places.
        bits_used: Bits of a string; the rest of its last word is padding.
    """
    width = key_width(words.shape[2])
    choices = generator(0, "choices of bits").permuted(
        np.tile(np.arange(bits_used), (n_keys(width, bits_used), 1)), axis=1
    )[:, :width]
    parts = []
    for choice in choices:
        keys = _key(words[0], choice)
        order = np.argsort(keys, kind="stable")
        for symmetry in words:
            parts += [
                _near(words, groups, one, other, near_bits)
                for one, other in _agreeing(_key(symmetry, choice), keys[order], order)
            ]
    return _joined(parts)


def key_width(n_strings: int) -> int:
    """Return the bits of a key: enough for some sixteen keys a string, so that few unlike strings share one.

    >>> key_width(1_000_000)
    24
    """
    return max(12, math.ceil(math.log2(max(2, n_strings))) + 4)


def n_keys(width: int, bits_used: int) -> int:
    """Return the number of choices of `width` bits that miss at most `MISSED` of the pairs within `SURE_BITS`.

    >>> n_keys(24, 144)
    43
    """
    agreeing = math.comb(bits_used - SURE_BITS, width) / math.comb(bits_used, width)
    return math.ceil(math.log(MISSED) / math.log1p(-agreeing))


def _key(words: NDArray[np.uint64], choice: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the chosen bits of each string as one number."""
    key = np.zeros(words.shape[1], np.uint64)
    one = np.uint64(1)
    for index, bit in enumerate(choice.tolist()):
        word, within = divmod(bit, 64)
        key |= ((words[word] >> np.uint64(within)) & one) << np.uint64(index)
    return key


def _agreeing(
    turned: NDArray[np.uint64], keys: NDArray[np.uint64], order: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield pairs of indices whose keys are equal, some at a time: of `turned`, and of the strings in `order`.

    Args:
        turned: Keys of the strings under a symmetry.
        keys: Keys of the upright strings, ascending.
        order: Index of each of them.
    """
    asking = np.argsort(turned, kind="stable")  # ascending questions are answered from the cache
    start = np.searchsorted(keys, turned[asking], "left")
    count = np.searchsorted(keys, turned[asking], "right") - start
    some = count > 0
    asking, start, count = asking[some], start[some], np.minimum(count[some], CROWD)
    ends = np.cumsum(count)
    begin = 0
    while begin < len(asking):
        done = ends[begin - 1] if begin else 0
        stop = max(begin + 1, int(np.searchsorted(ends, done + _CANDIDATES_AT_ONCE, "right")))
        repeats = count[begin:stop]
        within = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        yield np.repeat(asking[begin:stop], repeats), order[np.repeat(start[begin:stop], repeats) + within]
        begin = stop


def _near(
    words: Words, groups: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64], near_bits: int
) -> Pairs:
    """Return those of the candidates that are near, and differ in every group."""
    wanted = one != other
    for group in groups:
        wanted &= group[one] != group[other]
    first, second = np.minimum(one[wanted], other[wanted]), np.maximum(one[wanted], other[wanted])
    apart = np.full(len(first), 255, np.uint8)
    for symmetry in words:
        bits = sum(
            np.bitwise_count(turned[first] ^ upright[second])
            for turned, upright in zip(symmetry, words[0], strict=True)
        )
        np.minimum(apart, bits, out=apart)
    near = apart <= near_bits
    return Pairs(first[near], second[near], apart[near])


def _joined(parts: list[Pairs]) -> Pairs:
    """Return the pairs of all parts, each once, in the order of their indices."""
    if not parts:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))
    first, second, bits = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    pairs, where = np.unique(np.stack([first, second], axis=1), axis=0, return_index=True)
    return Pairs(pairs[:, 0], pairs[:, 1], bits[where])
