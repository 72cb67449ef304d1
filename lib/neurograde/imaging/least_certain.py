"""Active learning for a review (§1.6.2): the images first on which a trained model is least certain.

Only images of train families are asked about and moved: what a reviewer sees of valid and test must not follow from the
model that they judge.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

from neurograde.imaging.cut import CutJob, cut
from neurograde.imaging.grading import Network, probabilities_of
from neurograde.imaging.pixels.slide import Resolution
from neurograde.imaging.pixels.tissue import TissueRule
from neurograde.imaging.sources import LabelledImage
from neurograde.runtime.log import log
from neurograde.runtime.progress import progress
from neurograde.specs.review import ReviewSpec
from neurograde.storage.artefact import Artefact
from neurograde.storage.raw import Files


def least_certain_first(
    images: Sequence[LabelledImage], train: Collection[int], uncertainty: Callable[[LabelledImage], float]
) -> list[int]:
    """Return the indices of the images in another order: `train` by falling uncertainty, then the others as they were.

    Args:
        images: Every image of the review.
        train: Indices of those whose family is in train.
        uncertainty: From 0, certain, up; called once for each of them.
    """
    in_train = sorted(train)
    with progress("images", len(in_train), "images") as advance:
        uncertainties = {}
        for index in in_train:
            uncertainties[index] = uncertainty(images[index])
            advance(1)
    ranked = sorted(in_train, key=lambda index: (-uncertainties[index], index))
    log.info(f"{len(ranked)} images of train families first, the least certain of them first; {len(images)} in all")
    return [*ranked, *(index for index in range(len(images)) if index not in uncertainties)]


def train_families(partition: Artefact) -> set[str]:
    """Return the families whose patches are all in train: of a set that leaks on purpose, not those that are shared."""
    rows = partition.read_csv("assignment.csv")
    elsewhere = {row["family"] for row in rows if row["subset"] != "train"}
    return {row["family"] for row in rows} - elsewhere


def uncertainty_by(network: Network, spec: ReviewSpec, folder: Files) -> Callable[[LabelledImage], float]:
    """Return a function of an image's uncertainty: 1 less the mean of its patches' largest probability, or 0."""

    def uncertainty(image: LabelledImage) -> float:
        job = CutJob(
            name=image.path,
            read=partial(folder.read, image.path),
            patch_size_px=spec.patch_size_px,
            min_tissue_share=spec.min_tissue_share,
            max_pixels=spec.max_image_pixels,
            margins=image.margins,
            tissue=TissueRule.of(spec),
            rejected=frozenset(),
            local=partial(folder.local, image.path),
            resolution=Resolution.of(spec),
        )
        _, probabilities = probabilities_of(cut(job).patches, network)
        return 1 - float(probabilities.max(axis=1).mean()) if len(probabilities) else 0.0

    return uncertainty
