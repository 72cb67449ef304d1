"""predict: the grade of new images, its calibrated confidence, and where in the image it comes from.

    python -m jobs.predict specs/template/predict.yaml

Not for clinical use. The image is cut and standardised as the model's train patches were; one without enough tissue or
confidence gets no grade.

Reads   evaluations/<evaluation>, the run, data set and patches behind it, and the images
Writes  predictions/<name>/images.csv        grade, confidence, patches of each image, or why it has no grade
                          /patches.csv       every patch and its probabilities
                          /overlays/*.jpg    the images, each cell tinted by its probability
                          /heatmaps/*.jpg    Grad-CAM of chosen patches
                          /index.html        all of it on a page
Prints  the address of the page, and a line for each image
"""

from __future__ import annotations

import sys

from neurograde.runtime.command import job
from neurograde.runtime.job import Job, UpToDate
from neurograde.runtime.log import log
from neurograde.runtime.progress import progress
from neurograde.runtime.upstream import finished_run, made_from
from neurograde.specs.predict import PredictSpec


@job(PredictSpec)
def predict(job: Job[PredictSpec]) -> None:
    """Cut, predict, grade and show each image."""
    from neurograde.imaging.new_images import new_images

    spec = job.spec
    evaluation = job.upstream("evaluations", spec.evaluation)
    images = new_images(spec.images)
    try:
        with job.publish("predictions", inputs=[evaluation], raw=images.inputs()) as out:
            from neurograde.imaging.grading import HEATMAP_COLUMNS, IMAGE_COLUMNS, Predicting
            from neurograde.learning.inference.grader import Grader
            from neurograde.learning.networks import staged_weights
            from neurograde.reports.grades_page import prediction_page
            from neurograde.specs.results.evaluation import EvaluationResult

            run = finished_run(job, evaluation.input("runs").name)
            dataset = made_from(job, run.artefact(), "datasets")
            patches = made_from(job, dataset, "patches")
            staged_weights.fetch(job.store, run.spec.backbones)
            grader = Grader.of(spec, evaluation, run, dataset)
            predicting = Predicting(spec, grader, patches.manifest.spec)
            with progress("images", len(images.files), "images") as advance:
                for path in images.files:
                    out.write_many(predicting.add(path, images.folder))
                    advance(1)
            out.raw_digests |= predicting.digests
            out.write_csv("images.csv", IMAGE_COLUMNS, predicting.images)
            out.write_csv("patches.csv", predicting.patch_columns(), predicting.patches)
            out.write_csv("heatmaps.csv", HEATMAP_COLUMNS, predicting.heatmaps)
            rows = [dict(zip(IMAGE_COLUMNS, row, strict=True)) for row in predicting.images]
            maps = [dict(zip(HEATMAP_COLUMNS, row, strict=True)) for row in predicting.heatmaps]
            metrics = evaluation.read_result(EvaluationResult, "metrics.json")
            title = f"Grades of new images: {spec.name}"
            marks = evaluation.manifest.marks
            page = prediction_page(title, metrics, grader.temperature, rows, maps, predicting.files, marks)
            out.write("index.html", page.html())
    except UpToDate as done:
        log.info(str(done))
    folder = job.upstream("predictions", spec.name)
    print(f"{job.store.url}/predictions/{spec.name}/index.html")
    for row in folder.read_csv("images.csv"):
        said = (
            f"{row['grade']}, confidence {float(row['confidence']):.2f}"
            if row["grade"]
            else f"no grade: {row['reason']}"
        )
        print(f"{row['image']}: {said}")


if __name__ == "__main__":
    sys.exit(predict.main())
