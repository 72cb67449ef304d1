"""The search for patches that look alike, by keys: four times its time at 50,000 patches over that at 200,000.

Hashes are of random drawings with copies planted among them, 12 bits apart under a random symmetry: a share of
`recall` of them is found.
"""

from __future__ import annotations

import resource
import statistics
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurograde.maths.hamming import SURE_BITS, Words, keyed_pairs
from neurograde.patches.near_duplicates import BITS, NEAR_BITS

FEW, MANY = 50_000, 200_000
ROUNDS = 3
PLANTED = 2000


def look_alikes() -> dict[str, Any]:
    """Return four times the seconds at `FEW` over those at `MANY`, round by round."""
    ratios, seconds, recalls = [], [], []
    for seed in range(ROUNDS):
        (few_s, _), (many_s, recall) = (search(n, seed) for n in (FEW, MANY))
        ratios.append(MANY / FEW * few_s / many_s)
        seconds.append(many_s)
        recalls.append(recall)
    return {
        "name": "lookalikes",
        "ratio": statistics.median(ratios),
        "target": 0.66,
        "reference": f"itself at {FEW:,} patches; {MANY:,} take {statistics.median(seconds):.1f} s",
        "n": ROUNDS,
        "median": statistics.median(ratios),
        "min": min(ratios),
        "max": max(ratios),
        "unit": "share of linear growth",
        "recall": min(recalls),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


def search(n_patches: int, seed: int) -> tuple[float, float]:
    """Return the seconds of one search and the share of the planted copies that it found."""
    words, groups = hashes(n_patches, seed)
    before = time.perf_counter()
    pairs = keyed_pairs(words, groups, NEAR_BITS, BITS)
    took = time.perf_counter() - before
    found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    return took, sum((2 * copy, 2 * copy + 1) in found for copy in range(PLANTED)) / PLANTED


def hashes(n_patches: int, seed: int) -> tuple[Words, NDArray[np.int64]]:
    """Return random hashes, each in its own family, the first `PLANTED` pairs of them copies."""
    random = np.random.default_rng(seed)
    words = random.integers(0, 2**64, (8, 3, n_patches), np.uint64)
    words[:, 2] &= np.uint64(2**16 - 1)
    for copy in range(PLANTED):
        turned = words[random.integers(8), :, 2 * copy].copy()
        for bit in random.choice(BITS, SURE_BITS, replace=False).tolist():
            turned[bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
        words[0, :, 2 * copy + 1] = turned
    return words, np.array([np.arange(n_patches), np.arange(n_patches) % 2])


BENCHES = {"lookalikes": look_alikes}

if __name__ == "__main__":
    for size in (FEW, MANY, 1_000_000):
        print(size, search(size, 0), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
