"""synthesise: paint H&E-like images of known classes, with a stain per family: a stand-in data set.

    python -m jobs.synthesise specs/demo/synthesise.yaml

Reads   nothing
Writes  images/<name>/<class>/<family>_<number>.png   the images, of many sizes, some with watermark and dark border
                     /truth.csv                       the settings that each image was painted with
                     /labels.csv                      class, family and pre-crop of each, with `labels: true`
The artefact is marked `synthetic`, and so is every page that shows results made from it.
"""

from __future__ import annotations

import sys

from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.progress import progress
from neurograde.specs.synthesise import SynthesiseSpec


@job(SynthesiseSpec)
def synthesise(job: Job[SynthesiseSpec]) -> None:
    """Draw a stain for each family and paint its images."""
    spec = job.spec
    with job.publish("images") as images:
        from neurograde.imaging.stand_in import LABEL_COLUMNS, TRUTH_COLUMNS, stand_ins
        from neurograde.patches.png import encode_png

        images.mark("synthetic")
        truth, labels = [], []
        total = spec.images_per_family * sum(tumour.families for tumour in spec.classes)
        with progress("painting", total, "images") as advance:
            for image in stand_ins(spec):
                images.write(image.path, encode_png(image.pixels))
                truth.append(image.truth)
                labels.append(image.labels)
                advance(1)
        images.write_csv("truth.csv", TRUTH_COLUMNS, truth)
        if spec.labels:
            images.write_csv("labels.csv", LABEL_COLUMNS, labels)


if __name__ == "__main__":
    sys.exit(synthesise.main())
