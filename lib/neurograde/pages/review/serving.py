"""A review served until the reviewer leaves."""

from __future__ import annotations

from neurograde.pages.review.advice import next_steps
from neurograde.pages.review.app import ReviewPage
from neurograde.pages.review.session import Review
from neurograde.pages.serve import serve
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.specs.review import ReviewSpec


def serve_review(job: Job[ReviewSpec], page: Review, images: int) -> None:
    """Serve the page of a review of so many images, print its address, and log what to do when it ends."""

    def finish() -> list[dict[str, str]]:
        steps = next_steps(job)
        said = " ".join(f"{step['text']} {step['code']}" for step in steps)
        log.info(f"{page.progress()['sentence']}; next: {said}")
        return steps

    def announce(address: str) -> None:
        log.info(f"reviewing {images} images as {job.spec.reviewer}; Ctrl-C ends it, nothing is lost")
        print(address, flush=True)

    try:
        serve(ReviewPage(page, finish).app, job.spec.port, announce)
    except KeyboardInterrupt:
        log.info(page.progress()["sentence"])
