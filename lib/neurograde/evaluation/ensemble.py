"""The repeats of the chosen setting together: the mean of their probabilities, beside the session that was chosen.

Which sessions these are follows from the choice that was made on train and valid, before the test set opens, and
nothing of the test set is asked before it is written into the ledger. So the ensemble is a second figure from the same
opening, not a second candidate: no one may take the better of the two for the result. The chosen session is the
result; the ensemble shows what averaging the repeats would have given, and their paired difference by how much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from neurograde.evaluation.comparison import Compared
from neurograde.evaluation.judge import Judge
from neurograde.evaluation.unit_probabilities import Predicted
from neurograde.maths.losses import cross_entropy
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.records import Session
from neurograde.specs.results.assessment import Intervals
from neurograde.specs.results.evaluation import Ensemble as EnsembleResult
from neurograde.specs.train import TrainSpec


def members_of(compared: Sequence[Compared], chosen: Session) -> list[Session]:
    """Return the sessions of the chosen setting that have best weights, the chosen one first."""
    able = [candidate.session for candidate in compared if candidate.by_loss and candidate.session.cell == chosen.cell]
    return [chosen, *(session for session in able if session.id != chosen.id)]


def averaged(members: Sequence[Predicted]) -> Predicted:
    """Return the mean of the members' probabilities of the same units."""
    return Predicted(members[0].units, np.mean([member.probabilities for member in members], axis=0))


class Ensemble:
    """Average the members per subset, and fix the threshold on their mean probabilities of valid."""

    def __init__(
        self,
        spec: EvaluateSpec,
        train: TrainSpec,
        members: Sequence[Session],
        says: Mapping[str, Sequence[Predicted]],
    ) -> None:
        """Take the members, the chosen session first, and their probabilities of each subset."""
        self.members = members
        self.chosen = {subset: outputs[0] for subset, outputs in says.items()}
        self.together = {subset: averaged(say) for subset, say in says.items()}
        self.says = says
        self.judge = Judge(spec, train, self.together["valid"])

    def result(self, alone: Judge) -> EnsembleResult:
        """Return the ensemble in metrics.json, beside the chosen session, of which `alone` is the judge."""
        return EnsembleResult(
            sessions=tuple(session.id for session in self.members),
            rule="mean probability of the chosen setting's repeats, each at its best epoch; fixed before any test",
            threshold=self.judge.threshold_result(),
            subsets={subset: self.judge.assess(subset, predicted) for subset, predicted in self.together.items()},
            less_chosen={subset: self._less_chosen(subset, alone.threshold) for subset in self.together},
            losses={subset: tuple(self._loss(predicted) for predicted in say) for subset, say in self.says.items()},
        )

    def rows(self) -> Iterator[list[object]]:
        """Yield the rows of ensemble.csv."""
        for subset, value in self.together.items():
            yield from self.judge.rows(subset, value)

    def _loss(self, predicted: Predicted) -> float:
        return cross_entropy(self.judge.truth(predicted)[0], predicted.probabilities)

    def _less_chosen(self, subset: str, threshold: float) -> dict[str, Intervals]:
        levels = {"patches": Predicted.originals, "images": Predicted.images}
        return {
            level: self.judge.difference(
                subset,
                f"ensemble, {level}",
                (of(self.chosen[subset]), of(self.together[subset])),
                (threshold, self.judge.threshold),
            )
            for level, of in levels.items()
        }
