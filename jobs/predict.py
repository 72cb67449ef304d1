"""predict: grade new images with a calibrated confidence, and show where in the image each grade comes from.

    python -m jobs.predict specs/template/predict.yaml

Not for clinical use. The image is cut and standardised as the model's train patches were; one without enough tissue or
confidence gets no grade.

Reads   evaluations/<evaluation>, the run, data set and patches behind it, and the images
Writes  predictions/<name>/images.csv        grade, confidence, patches of each image, or why it has no grade
                          /patches.csv       every patch and its probabilities
                          /overlays/*.jpg    the images, each cell tinted by its probability
                          /heatmaps/*.jpg    Grad-CAM of chosen patches
                          /index.html        all of it on a page
        ledgers/<test set>/<n>.json          a look, where images of a test set are among them
Prints  the address of the page, and a line for each image
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.progress import progress
from neurograde.runtime.up_to_date import UpToDate
from neurograde.runtime.upstream import made_from
from neurograde.specs.predict import PredictSpec


@job(PredictSpec)
def predict(job: Job[PredictSpec]) -> None:
    """Cut, predict, grade and show each image."""
    from neurograde.imaging.new_images import new_images

    evaluation = job.upstream("evaluations", job.spec.evaluation)
    images = new_images(job.spec.images)
    try:
        with job.publish("predictions", inputs=[evaluation], raw=images.inputs()) as out:
            from neurograde.evaluation.openings import log_looks
            from neurograde.evaluation.units import held_out, samples_by_subset
            from neurograde.imaging.grading import HEATMAP_COLUMNS, IMAGE_COLUMNS, Predicting
            from neurograde.learning.inference.grader import Grader
            from neurograde.reports.grades_page import prediction_page
            from neurograde.specs.results.evaluation import EvaluationResult

            grader = Grader.from_evaluation(job, evaluation)
            patches = made_from(job, grader.dataset, "patches")
            work = Predicting(job.spec, grader, patches.manifest.spec)
            with progress("images", len(images.files), "images") as advance:
                for path, file in images.files.items():
                    out.write_many(work.add(path, images.folder, file.size))
                    advance(1)
            work.check_that_one_is_read()
            out.raw_digests |= work.digests
            tested = held_out(patches, samples_by_subset(grader.dataset, patches)["test"])
            log_looks(job, out, grader.run.artefact(), tested, work.digests.values())
            out.write_csv("images.csv", IMAGE_COLUMNS, work.images)
            out.write_csv("patches.csv", work.patch_columns(), work.patches)
            out.write_csv("heatmaps.csv", HEATMAP_COLUMNS, work.heatmaps)
            page = prediction_page(
                f"Grades of new images: {job.spec.name}",
                evaluation.read_result(EvaluationResult, "metrics.json"),
                grader.temperature,
                [dict(zip(IMAGE_COLUMNS, row, strict=True)) for row in work.images],
                [dict(zip(HEATMAP_COLUMNS, row, strict=True)) for row in work.heatmaps],
                work.files,
                evaluation.manifest.marks,
            )
            out.write("index.html", page.html())
    except UpToDate as done:
        log.info(str(done))
    print(f"{job.store.url}/predictions/{job.spec.name}/index.html")
    for row in job.upstream("predictions", job.spec.name).read_csv("images.csv"):
        print(in_words(row))


def in_words(row: Mapping[str, str]) -> str:
    """Return the line to print for a row of images.csv."""
    if not row["grade"]:
        return f"{row['image']}: no grade: {row['reason']}"
    return f"{row['image']}: {row['grade']}, confidence {float(row['confidence']):.2f}"


if __name__ == "__main__":
    sys.exit(predict.main())
