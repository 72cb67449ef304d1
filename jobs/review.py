"""review: look at each image with its grid and grey the cells that do not show what it is labelled as (§2.2.2).

    python -m jobs.review specs/template/review.yaml

Reads   the images of `source`, and the decisions that the review holds already
Writes  reviews/<name>/<image>/<reviewer>-000001.json   one create-only object a change, as soon as it is made
Serves  a page on 127.0.0.1; its address is printed, with the token that opens it. Ctrl-C ends it: nothing is lost

`patch` follows the decisions when its spec says `review: <name>`.
"""

from __future__ import annotations

import sys

from neurograde.runtime.job import Job, job, sibling_spec
from neurograde.runtime.log import log
from neurograde.specs.review import ReviewSpec
from neurograde.storage.decisions import Decisions


@job(ReviewSpec)
def review(job: Job[ReviewSpec]) -> None:
    """Find the images, open the page, keep every change until the reviewer leaves."""
    from neurograde.imaging.patching import code, find_images
    from neurograde.imaging.pseudonyms import Pseudonyms
    from neurograde.pages.review.app import ReviewPage
    from neurograde.pages.review.session import Review
    from neurograde.pages.serve import serve

    spec = job.spec
    artefact = job.upstream("images", spec.source.images) if spec.source.images else None
    labelled, _files, read = find_images(spec, artefact)
    pseudonyms = Pseudonyms(spec.pseudonym_key) if spec.pseudonym_key is not None else None
    names = [code(pseudonyms, "image", image.path) for image in labelled.images]
    page = Review(spec, labelled.images, names, read, Decisions(job.store, spec.name))

    def finish() -> str:
        command = f"python -m jobs.patch {sibling_spec(job.source, 'patch') or 'SPEC'} --set review={spec.name}"
        log.info(f"{page.progress()['sentence']}; next: {command}")
        return command

    def announce(address: str) -> None:
        log.info(f"reviewing {len(labelled.images)} images as {spec.reviewer}; Ctrl-C ends it, nothing is lost")
        print(address, flush=True)

    try:
        serve(ReviewPage(page, finish).app, spec.port, announce)
    except KeyboardInterrupt:
        log.info(page.progress()["sentence"])


if __name__ == "__main__":
    sys.exit(review.main())
