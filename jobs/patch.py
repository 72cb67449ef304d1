"""patch: cut images into square patches that inherit the image's class (§2.2), and account for every pixel.

    python -m jobs.patch specs/demo/patch.yaml

Reads   the images of `source`, the tables that the spec names, and the decisions of its review
Writes  patches/<name>/<class>/<family>/<image>_r03_c07.png   an ImageFolder
                      /index.csv         one row per patch: where it lies, its tissue, the digest of its pixels
                      /images.csv        one row per image: its size, its patches, where its pixels went
                      /slides.csv        one row per slide, if any: level and µm/px it was cut at
                      /accounting.json   total = kept + labels + background + borders + pre-crop, to the pixel
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.progress import progress
from neurograde.specs.patch import PatchSpec
from neurograde.storage.decisions import Decisions, as_input, reviews_of


@job(PatchSpec)
def patch(job: Job[PatchSpec]) -> None:
    """Label the images, cut them side by side, publish patches and account."""
    from neurograde.imaging.cut import cut_many
    from neurograde.imaging.patching import Patching

    spec = job.spec
    images = job.upstream("images", spec.source.images) if spec.source.images else None
    decisions = Decisions(job.store, spec.review).latest() if spec.review else {}
    if spec.review and not decisions:
        raise job.missing("reviews", spec.review)
    of_review = [decision for by_reviewer in decisions.values() for decision in by_reviewer.values()]
    grown = [as_input(spec.review, of_review)] if spec.review else []
    work = Patching.prepare(spec, images, decisions)
    warn_of_other_reviews(job, reviews_of(job.store, work.names))
    with job.publish("patches", inputs=[images] if images else [], raw=work.raw, grown=grown) as patches:
        work.log_what_is_left_out()
        with progress("cutting", len(work.images), "images") as advance:
            for image, cut in zip(work.images, cut_many(work.cut_jobs(), work.workers), strict=True):
                patches.write_many(work.add(image, cut))
                advance(1)
        work.check_bad_images()
        work.warn_of_uniform_images()
        work.check_that_images_have_one_label()
        work.check_that_there_are_patches()
        patches.raw_digests.update(work.digests)
        patches.write_csv("index.csv", *work.index())
        patches.write_csv("images.csv", *work.image_table())
        if slides := work.slide_table():
            patches.write_csv("slides.csv", *slides)
        if spellings := work.spellings():
            patches.write_json("spellings.json", spellings)
        patches.write_result("accounting.json", work.accounting())
        log.info(str(work.total))
        work.verdicts.log()
        work.write_codes()


def warn_of_other_reviews(job: Job[PatchSpec], reviews: Iterable[str]) -> None:
    """Log each of the `reviews` of these images that the spec does not follow: nobody's work is left out in silence."""
    for name in reviews:
        if name != job.spec.review:
            log.warning(
                f"reviews/{name} in {job.store.url} has decisions on these images that are not followed; to follow "
                f"them, write review: {name} into {job.source}"
            )


if __name__ == "__main__":
    sys.exit(patch.main())
