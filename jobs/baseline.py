"""baseline: test a method of the literature by the very partition, metrics and ledger of the networks (chapter 1).

    python -m jobs.baseline specs/osteosarcoma/study.yaml#baseline-fractal

It learns on the original patches of train, each as often as the data set has samples of it; settings are chosen on
valid; the test set is opened once, and the opening is recorded in its ledger.

Reads   datasets/<dataset>, the patches behind it; for windows larger than a patch, the images behind those
Writes  descriptions/<digest>/                  the features of each patch by the method, reused by any split
        baselines/<name>/metrics.json           each subset by patch and image, with intervals over families
                        /predictions.csv        every probability behind the figures
        ledgers/<test set>/<n>.json             this opening of the test set
"""

from __future__ import annotations

import sys

from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.upstream import made_from
from neurograde.specs.baseline import BaselineSpec


@job(BaselineSpec)
def baseline(job: Job[BaselineSpec]) -> None:
    """Describe, learn, choose; only then open the test set."""
    spec = job.spec
    dataset = job.upstream("datasets", spec.dataset)
    patches = made_from(job, dataset, "patches")
    with job.publish("baselines", inputs=[dataset]) as out:
        from neurograde.baselines.descriptions import described
        from neurograde.baselines.methods import make_method
        from neurograde.baselines.sources import patches_in_order
        from neurograde.baselines.subsets import descriptions_of, predicted, source_images
        from neurograde.evaluation.judge import Judge
        from neurograde.evaluation.openings import open_test_set
        from neurograde.evaluation.units import samples_by_subset
        from neurograde.learning.networks import staged_weights
        from neurograde.specs.results.baseline import BaselineResult

        units = samples_by_subset(dataset, patches)
        names = [row["patch"] for row in patches.read_csv("index.csv")]
        staged_weights.fetch(job.store, spec.backbones())
        method = make_method(spec.method)
        ordered = patches_in_order(patches, names, source_images(job, patches))
        rows, record = described(job, method, patches, names, ordered)
        out.features += [record] if record is not None else []

        train, valid = (descriptions_of(units[subset], rows, spec.classes) for subset in ("train", "valid"))
        fitted = method.fit(train, valid, len(spec.classes), spec.seed)
        log.info(f"{spec.method.kind}: {fitted.chosen['chosen']}")
        predictions = {"valid": predicted(fitted, units["valid"], rows, spec.classes)}
        judge = Judge(spec, spec, predictions["valid"])
        opening = open_test_set(job, out, dataset, spec.method.kind, patches, units["test"])
        predictions["test"] = predicted(fitted, units["test"], rows, spec.classes)

        result = BaselineResult(
            method=spec.method.kind,
            classes=spec.classes,
            positive=spec.positive,
            chosen=fitted.chosen,
            threshold=judge.threshold_result(),
            subsets={subset: judge.assess(subset, outputs) for subset, outputs in predictions.items()},
            **opening.result(),
        )
        out.write_result("metrics.json", result)
        lines = (row for subset, outputs in predictions.items() for row in judge.rows(subset, outputs))
        out.write_csv("predictions.csv", judge.columns(), lines)


if __name__ == "__main__":
    sys.exit(baseline.main())
