"""review: look at each image with its grid and grey the cells that do not show what it is labelled as (§2.2.2).

    python -m jobs.review specs/template/review.yaml

Reads   the images of `source`, and the decisions that the review holds already
Writes  reviews/<name>/<image>/<reviewer>-000001.json   one create-only object a change, as soon as it is made
Serves  a page on 127.0.0.1; its address is printed, with the token that opens it. Ctrl-C ends it: nothing is lost

`patch` follows the decisions when its spec says `review: <name>`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.specs.review import ReviewSpec
from neurograde.storage.decisions import Decisions

if TYPE_CHECKING:
    from neurograde.imaging.sources import LabelledImage
    from neurograde.storage.raw import Files


@job(ReviewSpec)
def review(job: Job[ReviewSpec]) -> None:
    """Find the images, open the page, keep every change until the reviewer leaves."""
    from neurograde.imaging.patching import code, find_images
    from neurograde.imaging.pseudonyms import Pseudonyms
    from neurograde.pages.review.advice import next_steps
    from neurograde.pages.review.app import ReviewPage
    from neurograde.pages.review.session import Review
    from neurograde.pages.serve import serve

    spec = job.spec
    artefact = job.upstream("images", spec.source.images) if spec.source.images else None
    labelled, _files, folder = find_images(spec, artefact)
    pseudonyms = Pseudonyms(spec.pseudonym_key) if spec.pseudonym_key is not None else None
    images = labelled.images
    if spec.least_certain_first is not None:
        images = ask_model(job, images, folder, [code(pseudonyms, "case", image.family) for image in images])
    names = [code(pseudonyms, "image", image.path) for image in images]
    page = Review(spec, images, names, folder, Decisions(job.store, spec.name))

    def finish() -> list[dict[str, str]]:
        steps = next_steps(job)
        said = " ".join(f"{step['text']} {step['code']}" for step in steps)
        log.info(f"{page.progress()['sentence']}; next: {said}")
        return steps

    def announce(address: str) -> None:
        log.info(f"reviewing {len(labelled.images)} images as {spec.reviewer}; Ctrl-C ends it, nothing is lost")
        print(address, flush=True)

    try:
        serve(ReviewPage(page, finish).app, spec.port, announce)
    except KeyboardInterrupt:
        log.info(page.progress()["sentence"])


def ask_model(
    job: Job[ReviewSpec], images: Sequence[LabelledImage], folder: Files, families: Sequence[str]
) -> list[LabelledImage]:
    """The images in the order of the spec's `least_certain_first`."""
    from neurograde.imaging.least_certain import least_certain_first, uncertainty_by
    from neurograde.learning.inference.grader import Grader
    from neurograde.runtime.upstream import finished_run, made_from

    evaluation = job.upstream("evaluations", str(job.spec.least_certain_first))
    run = finished_run(job, evaluation.input("runs").name)
    dataset = made_from(job, run.artefact(), "datasets")
    assignment = made_from(job, dataset, "partitions").read_csv("assignment.csv")
    train = {row["family"] for row in assignment if row["subset"] == "train"}
    train -= {row["family"] for row in assignment if row["subset"] != "train"}  # of a set that leaks on purpose
    network = Grader.of(job.spec, evaluation, run, dataset)
    places = [place for place, family in enumerate(families) if family in train]
    order = least_certain_first(images, places, uncertainty_by(network, job.spec, folder))
    return [images[place] for place in order]


if __name__ == "__main__":
    sys.exit(review.main())
