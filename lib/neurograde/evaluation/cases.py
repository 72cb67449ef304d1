"""The grade of a case from its patches, by mean, vote and top-k: what a pathologist is asked for."""

from __future__ import annotations

from collections import Counter

from neurograde.evaluation.judge import Judge
from neurograde.evaluation.unit_probabilities import Predicted
from neurograde.maths.aggregation import AGGREGATIONS, aggregate
from neurograde.maths.assessment import decide
from neurograde.specs.results.assessment import Assessment
from neurograde.specs.results.evaluation import CasesOfSubset


def assess_cases(judge: Judge, subset: str, predicted: Predicted, k: int) -> CasesOfSubset:
    """Return the cases of a subset in metrics.json: an assessment for each way of aggregating their original patches.

    A case is a family. Where a family has patches of two classes it has no one grade, and counts once for each: the
    patches of a class are graded together. The judge's threshold names the class of a mean and of a top-k score as it
    does that of a patch; a vote is won by half of the patches. It has no loss: a share of votes is no probability, and
    the loss of a unanimous mistake would be infinite.
    """
    patches = predicted.originals()
    cases = [f"{unit.label}/{unit.family}" for unit in patches.units]
    named = decide(patches.probabilities, judge.positive, judge.threshold)
    first = dict(zip(reversed(cases), reversed(patches.units), strict=True))
    ways: dict[str, Assessment] = {}
    for how in AGGREGATIONS:
        names, scores = aggregate(how, cases, patches.probabilities, named, k)
        graded = Predicted([first[name] for name in names], scores)
        ways[how] = judge.level(subset, f"cases, {how}", graded, 0.5 if how == "vote" else None)
    without_loss = {name: metric for name, metric in ways["vote"].metrics.items() if name != "loss"}
    ways["vote"] = ways["vote"].model_copy(update={"metrics": without_loss})
    return CasesOfSubset(fewer_than_k=sum(count < k for count in Counter(cases).values()), **ways)
