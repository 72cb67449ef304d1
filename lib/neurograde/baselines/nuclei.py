"""Shapes of nuclei ([9], 2022): segmented on the haematoxylin channel, measured, summed up over the patch.

The classical way: Otsu's threshold on the smoothed channel, small objects dropped, touching ones parted by a
watershed on the distance transform. The paper used Hover-Net, a network with pretrained weights, which is left out:
this is an approximation, and parts crowded nuclei worse.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from skimage.color import rgb2hed
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_otsu
from skimage.measure import label, regionprops_table
from skimage.morphology import remove_small_objects
from skimage.segmentation import watershed

from neurograde.baselines.choice import best_on_valid, forests, neighbours
from neurograde.baselines.method import Described, Fitted, Floats, Patch
from neurograde.specs.baseline import Nuclei

MEASURES = ("area", "perimeter", "area_convex", "eccentricity", "solidity")
SMOOTHING_PX = 1.0
LEAST_DISTANCE_PX = 5  # between the middles of two nuclei
Objects = NDArray[np.int32]


class NucleiMethod:
    """Number, size and roundness of nuclei, and how these vary."""

    version = 1

    def __init__(self, spec: Nuclei) -> None:
        """Take the method's spec."""
        self.min_area_px = spec.min_area_px

    def describe(self, patches: Sequence[Patch]) -> list[Floats]:
        """(1, 2 + 5 x 5) of each patch."""
        return [np.array([measures(segment(patch.pixels, self.min_area_px))], np.float32) for patch in patches]

    def fit(self, train: Described, valid: Described, classes: int, seed: int) -> Fitted:
        """Fit random forests and k-NN, and keep the best on valid."""
        return best_on_valid([*forests(seed), *neighbours(len(train.labels))], train, valid, classes)


def segment(pixels: NDArray[np.uint8], min_area_px: int) -> Objects:
    """Numbered nuclei, (height, width), 0 where there is none."""
    stain = gaussian(rgb2hed(pixels)[..., 0], SMOOTHING_PX)
    if np.ptp(stain) < 1e-6:
        return np.zeros(stain.shape, np.int32)
    mask = remove_small_objects(stain > threshold_otsu(stain), max_size=min_area_px - 1)
    distance = distance_transform_edt(mask)
    peaks = peak_local_max(gaussian(distance, SMOOTHING_PX), min_distance=LEAST_DISTANCE_PX, labels=label(mask))
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    parted: Objects = watershed(-distance, seeds, mask=mask).astype(np.int32)
    return parted


def measures(objects: Objects) -> list[float]:
    """Return number and share of nuclei, then mean, deviation, and 10th, 50th and 90th percentile of each measure."""
    table = regionprops_table(objects, properties=MEASURES)
    count = len(table["area"])
    measured = [float(count), float((objects > 0).mean())]
    for name in MEASURES:
        values = np.asarray(table[name], float)
        if not count:
            measured += [0.0] * 5
            continue
        measured += [float(values.mean()), float(values.std()), *np.quantile(values, (0.1, 0.5, 0.9)).tolist()]
    return measured
