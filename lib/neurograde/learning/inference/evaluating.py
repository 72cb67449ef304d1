"""A run evaluated step by step: a session chosen and judged on train and valid, and only then the test sets opened."""

from __future__ import annotations

from collections.abc import Iterator

from neurograde.evaluation.calibrated import assess_temperature
from neurograde.evaluation.cases import assess_cases
from neurograde.evaluation.comparison import cells, choose, compare
from neurograde.evaluation.ensemble import Ensemble, members_of
from neurograde.evaluation.judge import Judge
from neurograde.evaluation.notes import notes
from neurograde.evaluation.openings import open_test_set
from neurograde.evaluation.unit_probabilities import Predicted
from neurograde.evaluation.units import external_patches, samples_by_subset
from neurograde.learning.inference.chosen_session import Predictor
from neurograde.runtime.job import Job
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.results.evaluation import Cases, Chosen, EvaluationResult, External
from neurograde.storage.artefact import Artefact
from neurograde.storage.draft import Draft
from neurograde.storage.run import Run


class Evaluating:
    """An evaluation in the making."""

    def __init__(
        self, job: Job[EvaluateSpec], run: Run, dataset: Artefact, patches: Artefact, external: Artefact | None
    ) -> None:
        """Begin the evaluation of `run`, which learnt from `dataset`, on its `patches` and those of `external`."""
        self.spec, self.train = job.spec, run.spec
        self._job, self._run, self._dataset = job, run, dataset
        self._sources = {"valid": patches, "test": patches}
        if external is not None:
            self._sources["external"] = external
        self.tests = [subset for subset in self._sources if subset != "valid"]

    def choose_session(self) -> None:
        """Compare the sessions of the run on train and valid, and choose one with its ensemble.

        Raises:
            DataError: Every session has diverged.
            SpecError: The spec names a session that cannot be chosen.
        """
        self.compared = compare(self._run)
        self.session = choose(self.compared, self.spec.opens).session
        self.members = members_of(self.compared, self.session) if self.spec.ensemble else [self.session]

    def load_units(self) -> None:
        """Load the pixels that the session predicts, of all subsets, without predicting any.

        Raises:
            DataError: A subset is empty, or an external set shares patches with training.
        """
        self.units = samples_by_subset(self._dataset, self._sources["test"])
        if "external" in self._sources:
            external = self._sources["external"]
            self.units["external"] = external_patches(external, self.train.classes, self.units)
        self._predictor = Predictor(self.spec, self._run, self.members, self._dataset)
        self._samples = {
            subset: self._predictor.load(self.units[subset], source) for subset, source in self._sources.items()
        }

    def judge_on_valid(self) -> None:
        """Predict the valid subset and fix the threshold on it."""
        self._by_member = {"valid": self._predict("valid")}
        self.judge = Judge(self.spec, self.train, self._by_member["valid"][0])

    def open_tests(self, draft: Draft) -> None:
        """Write each opening into the ledger of its test set, then predict the test sets; `draft` names the records."""
        learnt = self._run.artefact()
        self._openings = {
            test: open_test_set(self._job, draft, learnt, self.session.id, self._sources[test], self.units[test])
            for test in self.tests
        }
        self._by_member |= {test: self._predict(test) for test in self.tests}
        self.predicted = {subset: members[0] for subset, members in self._by_member.items()}
        several = len(self.members) > 1
        self.ensemble = Ensemble(self.spec, self.train, self.members, self._by_member) if several else None
        self._as_new = self._predictor.as_a_new_image("test", self.units["test"], self._samples["test"])

    def result(self) -> EvaluationResult:
        """Return the content of metrics.json."""
        judge, spec = self.judge, self.spec
        cases = {
            subset: assess_cases(judge, subset, predicted, spec.top_k) for subset, predicted in self.predicted.items()
        }
        external = self._openings.get("external")
        return EvaluationResult(
            run=spec.run,
            classes=self.train.classes,
            positive=self.train.positive,
            sessions=tuple(session.result() for session in self.compared),
            cells=cells(self.compared),
            chosen=Chosen(session=self.session.id, cell=self.session.cell, rule=spec.opens),
            threshold=judge.threshold_result(),
            subsets={subset: judge.assess(subset, predicted) for subset, predicted in self.predicted.items()},
            cases=Cases(k=spec.top_k, subsets=cases),
            temperature=assess_temperature(judge, self.predicted),
            ensemble=self.ensemble and self.ensemble.result(judge),
            test_standardised_as_train=None if self._as_new is None else judge.assess("test", self._as_new),
            **self._openings["test"].result(),
            external=External(patches=spec.external, **external.result()) if external and spec.external else None,
            notes=notes(self.compared, self.units)
            + tuple(note for test in self.tests for note in self._openings[test].notes(test)),
        )

    def predictions(self) -> Iterator[list[object]]:
        """Yield the rows of predictions.csv."""
        for subset, predicted in self.predicted.items():
            yield from self.judge.rows(subset, predicted)

    def _predict(self, subset: str) -> list[Predicted]:
        return self._predictor.predict(subset, self.units[subset], self._samples[subset])
