"""Texture of cytoplasm and neuropil at several scales (Kong et al., [4], 2008).

A window around the patch's centre, looked at in 64 x 64 px whatever its side, is parted by k-means in L*a*b* into
nuclei, cytoplasm, neuropil, red cells and background, beginning at colours that H&E has and each cluster keeping its
name. Of cytoplasm and neuropil the texture of each channel is measured: entropy, mean, variance, homogeneity. At each
scale, features are chosen by floating selection, and three classifiers vote with weights of what they are right in on
valid.
From the coarsest scale on, a patch is named as soon as the vote is sure enough; the finest names what is left.

The paper segmented by expectation maximisation on neighbourhoods; k-means stands in. Where it leaves them open: the
homogeneity is that of neighbours one pixel to the right and below; the confidence at which to stop is chosen on valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab
from skimage.transform import resize
from sklearn.cluster import KMeans
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neurograde.baselines.choice import log_loss, spread_out
from neurograde.baselines.floating_selection import floating_selection
from neurograde.baselines.method import Described, Fitted, Floats, Patch
from neurograde.specs.baseline import LabTexture

TISSUES = ("nuclei", "cytoplasm", "neuropil", "red cells", "background")
STARTS = np.array([[35, 25, -30], [55, 30, -20], [75, 20, -10], [55, 50, 15], [93, 2, -1]], float)
"""L*, a*, b* where each cluster begins."""
MEASURED = (1, 2)
SIDE_PX = 64
GREY_LEVELS = 32
WIDTH = len(MEASURED) * (1 + 3 * 4)
CONFIDENCES = (0.6, 0.7, 0.8, 0.9)
Lab = NDArray[np.float64]


class LabTextureMethod:
    """Scales from coarse to fine; descriptions hold a row for each."""

    version = 1

    def __init__(self, spec: LabTexture) -> None:
        """Take the method's spec."""
        self.scales, self.most = spec.scales_px, spec.most_features

    def describe(self, patches: Sequence[Patch]) -> list[Floats]:
        """(scales, 26) of each patch."""
        return [np.stack([self._looked_at(patch.window(scale)) for scale in self.scales]) for patch in patches]

    def fit(self, train: Described, valid: Described, classes: int, seed: int) -> Fitted:
        """Fit a vote per scale, and choose the confidence at which to stop."""
        del seed  # nothing is drawn
        votes = [Vote(_at(train, index), _at(valid, index), classes, self.most) for index in range(len(self.scales))]

        def coarse_to_fine(described: Described, confidence: float) -> NDArray[np.float64]:
            probabilities = votes[-1].probabilities(_at(described, len(votes) - 1))
            for index in reversed(range(len(votes) - 1)):
                coarser = votes[index].probabilities(_at(described, index))
                sure = coarser.max(axis=1) >= confidence
                probabilities[sure] = coarser[sure]
            return probabilities

        losses = {confidence: log_loss(valid.labels, coarse_to_fine(valid, confidence)) for confidence in CONFIDENCES}
        confidence = min(losses, key=lambda confidence: losses[confidence])
        chosen = {
            "chosen": f"stop at {confidence:g}",
            "valid_log_loss": {f"stop at {threshold:g}": losses[threshold] for threshold in losses},
            "features": {str(scale): list(vote.features) for scale, vote in zip(self.scales, votes, strict=True)},
        }
        return Fitted(lambda described: coarse_to_fine(described, confidence), chosen)

    def _looked_at(self, window: NDArray[np.uint8]) -> Floats:
        small = resize(window, (SIDE_PX, SIDE_PX), anti_aliasing=window.shape[0] > SIDE_PX)
        return texture(rgb2lab(small))


class Vote:
    """Three classifiers at one scale, on features of their common choice, weighted by their accuracy on valid."""

    def __init__(self, train: Described, valid: Described, classes: int, most: int) -> None:
        """Choose and learn: features by a linear discriminant's accuracy on valid."""
        self.classes = classes
        train_x, valid_x = train.vectors, valid.vectors

        def score(subset: tuple[int, ...]) -> float:
            linear = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
            model = make_pipeline(StandardScaler(), linear).fit(train_x[:, subset], train.labels)
            return float((model.predict(valid_x[:, subset]) == valid.labels).mean())

        self.features = floating_selection(train_x.shape[1], score, most)
        self.members: list[tuple[float, Any]] = []
        for estimator in (
            LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
            KNeighborsClassifier(min(9, len(train_x))),
            GaussianNB(var_smoothing=1e-3),
        ):
            model = make_pipeline(StandardScaler(), estimator).fit(train_x[:, self.features], train.labels)
            right = float((model.predict(valid_x[:, self.features]) == valid.labels).mean())
            self.members.append((right, model))

    def probabilities(self, described: Described) -> NDArray[np.float64]:
        """Return the weighted mean of the members' probabilities, (patch, class)."""
        x = described.vectors[:, self.features]
        weights = np.array([weight for weight, _ in self.members]) + 1e-6
        said = np.stack([spread_out(model, x, self.classes) for _, model in self.members])
        mean: NDArray[np.float64] = np.average(said, axis=0, weights=weights)
        return mean


def tissues(lab: Lab) -> NDArray[np.intp]:
    """Return each pixel's index in TISSUES, (height, width); clusters keep the name of their initial colour."""
    pixels = lab.reshape(-1, 3)
    if len(np.unique(pixels.round(3), axis=0)) < len(STARTS):  # glass, and nothing to cluster
        named = np.linalg.norm(pixels[:, None] - STARTS, axis=2).argmin(axis=1)
    else:
        named = KMeans(len(STARTS), init=STARTS, n_init=1, max_iter=20).fit(pixels).labels_
    tissues: NDArray[np.intp] = named.reshape(lab.shape[:2]).astype(np.intp)
    return tissues


def texture(lab: Lab) -> Floats:
    """Share, and of each channel entropy, mean, variance and homogeneity, of cytoplasm, then of neuropil, (26,)."""
    textures: list[float] = []
    named = tissues(lab)
    for tissue in MEASURED:
        mask = named == tissue
        textures.append(float(mask.mean()))
        for channel in range(3):
            textures += channel_texture(lab[..., channel], mask)
    return np.array(textures, np.float32)


def channel_texture(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> list[float]:
    """Entropy in bits, mean, variance, and homogeneity of the pairs of neighbours inside; zeros where there is none.

    Homogeneity is the mean of 1 / (1 + difference in grey levels): 1 where all are alike.

    >>> channel_texture(np.full((4, 4), 7.0), np.ones((4, 4), bool))
    [0.0, 7.0, 0.0, 1.0]
    """
    inside = values[mask]
    if not len(inside):
        return [0.0] * 4
    levels = np.clip(np.floor((values + 128) / 256 * GREY_LEVELS), 0, GREY_LEVELS - 1)
    shares = np.bincount(levels[mask].astype(np.intp)) / len(inside)
    shares = shares[shares > 0]
    entropy = float(-(shares * np.log2(shares)).sum())
    pairs = [
        np.abs(levels[first] - levels[second])[mask[first] & mask[second]]
        for first, second in (((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
                              ((slice(None, -1), slice(None)), (slice(1, None), slice(None))))
    ]  # fmt: skip
    differences = np.concatenate(pairs)
    homogeneity = float((1 / (1 + differences)).mean()) if len(differences) else 1.0
    return [abs(entropy), float(inside.mean()), float(inside.var()), homogeneity]


def _at(described: Described, index: int) -> Described:
    return Described([row[index : index + 1] for row in described.rows], described.labels)
