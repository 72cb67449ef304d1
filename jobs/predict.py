"""predict: grade new images with a calibrated confidence, and show where in the image each grade comes from.

    python -m jobs.predict specs/template/study.yaml

Not for clinical use. The image is cut and standardised as the model's train patches were; one without enough tissue or
confidence gets no grade. A note warns if the model learnt from the image, if the image lies far from the training
images, or if it has another scale than they. Other images may be added to a name at any time, by several jobs.

Reads   evaluations/<evaluation>, the run, data set and patches behind it, and the images
Writes  predictions/<name>/<SHA-256 of the image>/images.csv        grade, confidence, or why it has no grade
                                                 /patches.csv       every patch: probabilities, distance from train
                                                 /overlay.jpg       the image, each square tinted by its probability
                                                 /heatmaps/*.jpg    Grad-CAM of chosen patches
                                                 /index.html        all of it on a page
        features/<recipe>/                   what images are held against, once for each model
        ledgers/<test set>/<n>.json          a look, where images of a test set are among them
Prints  a line for each image, with the address of its page
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

from neurograde.maths.text import printable
from neurograde.reports.grade_notes import warnings_of
from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.upstream import made_from
from neurograde.specs.predict import PredictSpec
from neurograde.specs.results.prediction import GradedImage
from neurograde.storage.artefact import Artefact
from neurograde.storage.predictions import read_predictions, rows_of

if TYPE_CHECKING:
    from neurograde.imaging.grading import Graded
    from neurograde.imaging.prediction_set import NewImage
    from neurograde.storage.draft import Draft


@job(PredictSpec)
def predict(job: Job[PredictSpec]) -> None:
    """Cut, predict, grade and show each image, and publish it before the next."""
    from neurograde.imaging.new_images import new_images
    from neurograde.imaging.prediction_set import PredictionSet

    evaluation = job.upstream("evaluations", job.spec.evaluation)
    new = new_images(job.spec.images)
    images = PredictionSet(job, evaluation, new)
    model = cache(lambda: Model(job, evaluation, images.sha256s))  # loaded for the first image that is not published
    images.grade(lambda image: model().grade(image), lambda draft, graded: model().write(draft, graded))
    for artefact, row in rows_of(read_predictions(job.home, job.spec.name), "images.csv"):
        image = GradedImage.from_csv(row)
        if images.names(image):
            print(f"{printable(in_words(image))}\n    {artefact.url}/index.html")
    for name, reason in new.bad.items():
        print(printable(f"{name}: no grade: {reason.removeprefix(f'{name}: ')}"))


class Model:
    """The evaluated model, with all that a grade is held against."""

    def __init__(self, job: Job[PredictSpec], evaluation: Artefact, sha256s: list[str]) -> None:
        """Load the model and write a look into the ledgers of the test sets that hold some of the images."""
        from neurograde.evaluation.openings import log_looks
        from neurograde.evaluation.training_set import TrainingSet
        from neurograde.evaluation.units import held_out, samples_by_subset
        from neurograde.imaging.grading import Grading
        from neurograde.learning.inference.grader import Grader
        from neurograde.learning.inference.reference import reference_of
        from neurograde.specs.results.evaluation import EvaluationResult

        self.job, self.evaluation = job, evaluation
        self.metrics = evaluation.read_result(EvaluationResult, "metrics.json")
        self.grader = Grader.from_evaluation(job, evaluation)
        patches = made_from(job, self.grader.dataset, "patches")
        subsets = samples_by_subset(self.grader.dataset, patches)
        self.looks = log_looks(job, self.grader.run.artefact(), held_out(patches, subsets["test"]), sha256s)
        reference, self.features = reference_of(job, self.grader, patches, subsets)
        training = TrainingSet.of(patches, subsets)
        self.grading = Grading(job.spec, self.grader, patches.manifest.spec, training, reference)

    def grade(self, image: NewImage) -> Graded:
        """Cut and grade an image."""
        return self.grading.grade(image.path, image.folder.folder, image.file.size, image.sha256)

    def write(self, draft: Draft, graded: Graded) -> None:
        """Write the artefact of an image: its tables, its pictures and its page."""
        from neurograde.reports.grades_page import prediction_page
        from neurograde.specs.results.prediction import Heatmap

        draft.features.append(self.features)
        draft.openings += self.looks.get(str(graded.image.sha256), ())
        draft.write_many(graded.pictures.items())
        draft.write_csv("images.csv", GradedImage.columns(), [graded.image.values()])
        draft.write_csv("patches.csv", graded.patch_columns, graded.patches)
        draft.write_csv("heatmaps.csv", Heatmap.columns(), [heatmap.values() for heatmap in graded.heatmaps])
        page = prediction_page(
            f"Grade of {graded.image.image}",
            self.metrics,
            self.grader.temperature,
            [graded.image],
            graded.heatmaps,
            graded.pictures,
            self.evaluation.manifest.marks,
        )
        draft.write("index.html", page.html())


def in_words(image: GradedImage) -> str:
    """Return the line to print for an image."""
    if image.grade is None:
        return f"{image.image}: no grade: {image.reason}"
    warnings = "".join(f"; {warning}" for warning in warnings_of(image))
    return f"{image.image}: {image.grade}, confidence {image.confidence:.2f}{warnings}"


if __name__ == "__main__":
    sys.exit(predict.main())
