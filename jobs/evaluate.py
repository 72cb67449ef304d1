"""evaluate: choose a session on train and valid (§4.1.2), open the test set with it, and state its uncertainty.

    python -m jobs.evaluate specs/demo/evaluate.yaml

Reads   runs/<run>, all shards done, and the data set and patches behind it; with `external`, those patches too
Writes  evaluations/<name>/metrics.json      sessions, ranked settings, each subset by sample, patch, image and case,
                                             before and after calibration, and what the setting's repeats say together
                          /predictions.csv   every probability behind the figures
                          /ensemble.csv      the same of the repeats together, where there are several
        ledgers/<test set>/<n>.json          this opening of the test set, before anything of it is predicted
Prints  the head digest before the test set is opened; with --set open=false it ends there
"""

from __future__ import annotations

import sys

from neurograde.evaluation.registration import register
from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.upstream import finished_run, made_from
from neurograde.specs.evaluate import EvaluateSpec


@job(EvaluateSpec)
def evaluate(job: Job[EvaluateSpec]) -> None:
    """Compare and choose on train and valid; only then open the test set."""
    run = finished_run(job, job.spec.run)
    dataset = made_from(job, run.artefact(), "datasets")
    patches = made_from(job, dataset, "patches")
    external = job.upstream("patches", job.spec.external) if job.spec.external else None
    if not job.spec.open:
        register(job, run.artefact(), dataset)
        return
    with job.publish("evaluations", inputs=[run.artefact(), external] if external else [run.artefact()]) as out:
        from neurograde.learning.inference.evaluating import Evaluating
        from neurograde.learning.networks import staged_weights

        staged_weights.fetch(job.store, run.spec.backbones)
        work = Evaluating(job, run, dataset, patches, external)
        work.choose_session()
        work.load_units()
        work.judge_on_valid()
        out.head = register(job, run.artefact(), dataset)
        work.open_tests(out)
        out.write_result("metrics.json", work.result())
        out.write_csv("predictions.csv", work.judge.columns(), work.predictions())
        if work.ensemble:
            out.write_csv("ensemble.csv", work.judge.columns(), work.ensemble.rows())


if __name__ == "__main__":
    sys.exit(evaluate.main())
