"""SIFT and a bag of visual words ([7], 2020): keypoints' descriptors, a vocabulary by k-means, histograms, an SVM.

The paper used SURF as well. scikit-image has none (it was patented at the time), and it has no substitute here: SIFT
alone is measured. The paper leaves the resampling open, so it is a field of the spec; the default is none, since the
data set is balanced already.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from imblearn.over_sampling import SMOTE
from imblearn.under_sampling import NearMiss
from numpy.typing import NDArray
from skimage.color import rgb2gray
from skimage.feature import SIFT

from neurograde.baselines.choice import best_on_valid, machines
from neurograde.baselines.codebook import Codebook
from neurograde.baselines.method import Described, Fitted, Floats, Patch
from neurograde.specs.baseline import SiftWords

WIDTH = 128


class SiftMethod:
    """Descriptors as bags; a vocabulary on train."""

    version = 1

    def __init__(self, spec: SiftWords) -> None:
        """Take the method's spec."""
        self.sizes, self.resampling = spec.words, spec.resampling

    def describe(self, patches: Sequence[Patch]) -> list[Floats]:
        """Return (keypoints, 128) per patch, descriptors of length 1; no rows for a patch without keypoints."""
        return [descriptors(rgb2gray(patch.pixels)) for patch in patches]

    def fit(self, train: Described, valid: Described, classes: int, seed: int) -> Fitted:
        """Fit a vocabulary per size and an SVM on each; keep the best on valid."""
        bags = list(train.rows)
        if self.resampling == "undersample":
            bags = undersampled(bags, train.labels, seed)
        fits = []
        for size in self.sizes:
            book = Codebook(bags, size, seed)
            learnt = resampled(book.histograms(train.rows), train.labels, self.resampling, seed)
            fitted = best_on_valid(
                machines(("rbf",)), learnt, _of(book, valid), classes, lambda described: described.vectors
            )
            score = min(fitted.chosen["valid_log_loss"].values())
            fits.append((score, size, book, fitted))
        score, size, book, fitted = min(fits, key=lambda fit: fit[0])
        chosen = {
            "chosen": f"{size} words, {fitted.chosen['chosen']}",
            "valid_log_loss": {f"{size} words": score for score, size, _, _ in fits},
        }
        return Fitted(lambda described: fitted.probabilities(_of(book, described)), chosen)


def descriptors(grey: NDArray[np.float64]) -> Floats:
    """SIFT descriptors of an image, (keypoint, 128), L2-normalised."""
    sift = SIFT(upsampling=1)
    try:
        sift.detect_and_extract(grey)
    except RuntimeError:  # "SIFT found no features"
        return np.empty((0, WIDTH), np.float32)
    descriptors = np.asarray(sift.descriptors, np.float32)
    lengths = np.linalg.norm(descriptors, axis=1, keepdims=True)
    return (descriptors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def undersampled(bags: Sequence[Floats], labels: NDArray[np.intp], seed: int) -> list[Floats]:
    """As many descriptors of each class as the one with fewest has, drawn without replacement; order kept."""
    rng = np.random.default_rng(seed)
    counts = {
        int(label): sum(len(bag) for bag, own in zip(bags, labels, strict=True) if own == label)
        for label in set(labels.tolist())
    }
    least = min(counts.values())
    kept = {label: np.sort(rng.permutation(count)[:least]) for label, count in counts.items()}
    begun = dict.fromkeys(counts, 0)
    sampled = []
    for bag, label in zip(bags, labels.tolist(), strict=True):
        indices = kept[label]
        own = indices[(indices >= begun[label]) & (indices < begun[label] + len(bag))] - begun[label]
        begun[label] += len(bag)
        sampled.append(bag[own])
    return sampled


def resampled(histograms: NDArray[np.float32], labels: NDArray[np.intp], how: str, seed: int) -> Described:
    """Return the histograms with classes balanced by SMOTE or NearMiss; unchanged for the other ways."""
    least = int(np.bincount(labels).min())
    if how == "smote" and least > 1:
        histograms, labels = SMOTE(random_state=seed, k_neighbors=min(5, least - 1)).fit_resample(histograms, labels)
    elif how == "near_miss":
        histograms, labels = NearMiss(n_neighbors=min(3, least)).fit_resample(histograms, labels)
    return Described([row[None].astype(np.float32) for row in histograms], np.asarray(labels, np.intp))


def _of(book: Codebook, described: Described) -> Described:
    return Described([row[None] for row in book.histograms(described.rows)], described.labels)
