"""evaluate: choose a session on train and valid (§4.1.2), open the test set with it, and say how sure the figures are.

    python -m jobs.evaluate specs/demo/evaluate.yaml

Reads   runs/<run>, all shards done, and the data set and patches behind it; with `external`, those patches too
Writes  evaluations/<name>/metrics.json      sessions, ranked cells, each subset by sample, patch, image and case,
                                             before and after calibration, and what the cell's repeats say together
                          /predictions.csv   every probability behind the figures
                          /ensemble.csv      the same of the repeats together, where there are several
        ledgers/<test set>/<n>.json          this opening of the test set, before anything of it is predicted
"""

from __future__ import annotations

import sys

from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.runtime.upstream import finished_run, made_from
from neurograde.specs.evaluate import EvaluateSpec


@job(EvaluateSpec)
def evaluate(job: Job[EvaluateSpec]) -> None:
    """Compare and choose on train and valid; only then open the test set."""
    spec = job.spec
    run = finished_run(job, spec.run)
    whole, train = run.artefact(), run.spec
    dataset = made_from(job, whole, "datasets")
    patches = made_from(job, dataset, "patches")
    external = job.upstream("patches", spec.external) if spec.external else None
    with job.publish("evaluations", inputs=[whole, external] if external else [whole]) as evaluation:
        from neurograde.evaluation.calibrated import assess_temperature
        from neurograde.evaluation.cases import assess_cases
        from neurograde.evaluation.comparison import cells, choose, compare
        from neurograde.evaluation.ensemble import Ensemble, members_of
        from neurograde.evaluation.judge import Judge
        from neurograde.evaluation.notes import notes
        from neurograde.evaluation.openings import open_test_set
        from neurograde.evaluation.units import external_patches, samples_by_subset
        from neurograde.learning.inference.chosen_session import Predictor
        from neurograde.learning.networks import staged_weights
        from neurograde.specs.results.evaluation import Cases, Chosen, EvaluationResult, External

        staged_weights.fetch(job.store, train.backbones)
        compared = compare(run)
        session = choose(compared, spec.opens).session
        members = members_of(compared, session) if spec.ensemble else [session]

        sources = {"valid": patches, "test": patches}
        units = samples_by_subset(dataset, patches)
        if external:
            sources["external"] = external
            units["external"] = external_patches(external, train.classes, units)

        predictor = Predictor(spec, run, members, dataset)
        samples = {subset: predictor.load(units[subset], source) for subset, source in sources.items()}
        says = {"valid": predictor.predict("valid", units["valid"], samples["valid"])}
        judge = Judge(spec, train, says["valid"][0])
        tests = [subset for subset in sources if subset != "valid"]
        openings = {test: open_test_set(job, whole, session.id, units[test]) for test in tests}
        says |= {test: predictor.predict(test, units[test], samples[test]) for test in tests}
        predicted = {subset: each[0] for subset, each in says.items()}
        ensemble = Ensemble(spec, train, members, says) if len(members) > 1 else None
        as_new = predictor.as_a_new_image("test", units["test"], samples["test"])

        cases = {subset: assess_cases(judge, subset, each, spec.top_k) for subset, each in predicted.items()}
        result = EvaluationResult(
            run=spec.run,
            classes=train.classes,
            positive=train.positive,
            sessions=tuple(each.result() for each in compared),
            cells=cells(compared),
            chosen=Chosen(session=session.id, cell=session.cell, rule=spec.opens),
            threshold=judge.threshold_result(),
            subsets={subset: judge.assess(subset, each) for subset, each in predicted.items()},
            cases=Cases(k=spec.top_k, subsets=cases),
            temperature=assess_temperature(judge, predicted),
            ensemble=ensemble and ensemble.result(judge),
            test_standardised_as_train=None if as_new is None else judge.assess("test", as_new),
            **openings["test"]._asdict(),
            external=External(patches=spec.external, **openings["external"]._asdict()) if spec.external else None,
            notes=notes(compared, units),
        )
        evaluation.write_result("metrics.json", result)
        rows = (row for subset, each in predicted.items() for row in judge.rows(subset, each))
        evaluation.write_csv("predictions.csv", judge.columns(), rows)
        if ensemble:
            evaluation.write_csv("ensemble.csv", judge.columns(), ensemble.rows())


if __name__ == "__main__":
    sys.exit(evaluate.main())
