"""A codebook: bags of vectors become histograms of the codeword that each vector is nearest to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from neurograde.baselines.method import Floats

SAMPLE = 20_000  # vectors that a codebook is learnt from


class Codebook:
    """k-means over the vectors of many bags."""

    def __init__(self, bags: Sequence[Floats], words: int, seed: int) -> None:
        """Learn `words` codewords, or as many as there are vectors; bags count by their vectors.

        Raises:
            ValueError: no bag holds a vector.
        """
        vectors = np.concatenate([bag for bag in bags if len(bag)] or [np.empty((0, 1), np.float32)])
        if not len(vectors):
            raise ValueError("no bag holds a vector: there is nothing to learn a codebook from")
        rng = np.random.default_rng(seed)
        if len(vectors) > SAMPLE:
            vectors = vectors[rng.choice(len(vectors), SAMPLE, replace=False)]
        words = min(words, len(vectors))
        self.means = MiniBatchKMeans(words, random_state=seed, n_init=3, batch_size=1024).fit(vectors)
        self.words = words

    def histograms(self, bags: Sequence[Floats]) -> NDArray[np.float32]:
        """Shares of the codewords in each bag, (bag, word); zeros for an empty one."""
        histograms = np.zeros((len(bags), self.words), np.float32)
        for index, bag in enumerate(bags):
            if len(bag):
                histograms[index] = np.bincount(self.means.predict(bag), minlength=self.words) / len(bag)
        return histograms
