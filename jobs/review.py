"""review: look at each image with its grid, and grey the squares that do not show the labelled tissue (§2.2.2).

    python -m jobs.review specs/template/study.yaml

Reads   the images of `source`, and the decisions that the review holds already
Writes  reviews/<name>/<image>/<reviewer>-000001.json   one create-only object per change, as soon as it is made
Serves  a page on 127.0.0.1; its address is printed, with the token that opens it. Ctrl-C ends it: nothing is lost

`patch` follows the decisions if its spec has `review: <name>`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.upstream import made_from
from neurograde.specs.review import ReviewSpec
from neurograde.storage.decisions import Decisions

if TYPE_CHECKING:
    from neurograde.imaging.sources import LabelledImage
    from neurograde.storage.raw import Files


@job(ReviewSpec)
def review(job: Job[ReviewSpec]) -> None:
    """Find the images, open the page, keep every change until the reviewer leaves."""
    from neurograde.imaging.image_sets import find_images
    from neurograde.imaging.pseudonyms import Pseudonyms, code
    from neurograde.pages.review.serving import serve_review
    from neurograde.pages.review.session import Review

    spec = job.spec
    artefact = job.upstream("images", spec.source.images) if spec.source.images else None
    labelled, _files, folder = find_images(spec, artefact)
    for reason in labelled.bad.values():
        log.warning(f"left out: {reason}")
    pseudonyms = Pseudonyms(spec.pseudonym_key) if spec.pseudonym_key is not None else None
    images = labelled.images
    if spec.least_certain_first is not None:
        images = ask_model(job, images, folder, [code(pseudonyms, "case", image.family) for image in images])
    names = [code(pseudonyms, "image", image.path) for image in images]
    serve_review(job, Review(spec, images, names, folder, Decisions(job.store, spec.name)), len(images))


def ask_model(
    job: Job[ReviewSpec], images: Sequence[LabelledImage], folder: Files, families: Sequence[str]
) -> list[LabelledImage]:
    """Return the images in another order: those of train families that the model is least certain of come first."""
    from neurograde.imaging.least_certain import least_certain_first, train_families, uncertainty_by
    from neurograde.learning.inference.grader import Grader

    grader = Grader.from_evaluation(job, job.upstream("evaluations", str(job.spec.least_certain_first)))
    train = train_families(made_from(job, grader.dataset, "partitions"))
    numbers = [number for number, family in enumerate(families) if family in train]
    order = least_certain_first(images, numbers, uncertainty_by(grader, job.spec, folder))
    return [images[number] for number in order]


if __name__ == "__main__":
    sys.exit(review.main())
