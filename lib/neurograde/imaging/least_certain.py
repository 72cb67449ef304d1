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
    """The places of the images in another order: those of `train` by falling uncertainty, then all others as they were.

    Args:
        images: Every image of the review.
        train: Places of those whose family is in train.
        uncertainty: From 0, certain, up; asked once for each of them.
    """
    asked = sorted(train)
    with progress("images", len(asked), "images") as advance:
        found = {}
        for place in asked:
            found[place] = uncertainty(images[place])
            advance(1)
    ranked = sorted(asked, key=lambda place: (-found[place], place))
    log.info(f"{len(ranked)} images of train families first, the least certain of them first; {len(images)} in all")
    return [*ranked, *(place for place in range(len(images)) if place not in found)]


def train_families(partition: Artefact) -> set[str]:
    """Return the families whose patches are all in train: of a set that leaks on purpose, not those that are shared."""
    rows = partition.read_csv("assignment.csv")
    elsewhere = {row["family"] for row in rows if row["subset"] != "train"}
    return {row["family"] for row in rows} - elsewhere


def uncertainty_by(network: Network, spec: ReviewSpec, folder: Files) -> Callable[[LabelledImage], float]:
    """How uncertain the network is of an image: 1 less the mean of its patches' largest probability; 0 without any."""

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
        _, found = probabilities_of(cut(job).patches, network)
        return 1 - float(found.max(axis=1).mean()) if len(found) else 0.0

    return uncertainty
