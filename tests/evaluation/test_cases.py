"""Cases of the patches of families."""

from __future__ import annotations

import numpy as np

from neurograde.evaluation.cases import assess_cases
from neurograde.evaluation.judge import Judge
from neurograde.evaluation.unit_probabilities import Predicted
from neurograde.evaluation.units import Unit
from neurograde.specs.evaluate import EvaluateSpec
from tests.support.material import train_spec

SPEC = EvaluateSpec.parse(
    {
        "job": "evaluate", "name": "e", "store": "memory://nowhere", "region": "FRA",
        "run": "grid", "opens": "best", "seed": 1, "resamples": 100,
    }
)  # fmt: skip


def predicted(*rows: tuple[str, str, str, float]) -> Predicted:
    """Patches by family, label, transform and probability of D."""
    units = [
        Unit(f"{n}.png", transform, label, f"scan{n}", family, str(n))
        for n, (family, label, transform, _) in enumerate(rows)
    ]
    return Predicted(units, np.array([[1 - p, p] for *_, p in rows]))


def test_a_family_of_two_classes_counts_once_for_each_and_transformed_patches_do_not_count():
    found = predicted(
        ("a", "PD", "identity", 0.2), ("a", "D", "identity", 0.9), ("a", "D", "flip", 0.1),
        ("b", "D", "identity", 0.4), ("b", "D", "identity", 0.45),
    )  # fmt: skip
    judge = Judge(SPEC, train_spec(), found)
    cases = assess_cases(judge, "test", found, k=2)
    assert cases.fewer_than_k == 2
    for how in ("mean", "vote", "top_k"):
        assessment = getattr(cases, how)
        assert (assessment.n, assessment.families) == (3, 2)
        assert assessment.confusion == ((1, 0), (1, 1))


def test_a_drawn_vote_of_two_classes_goes_to_the_positive_one():
    found = predicted(("a", "D", "identity", 0.9), ("a", "D", "identity", 0.0), ("b", "PD", "identity", 0.1))
    cases = assess_cases(Judge(SPEC, train_spec(), found), "test", found, k=1)
    assert cases.vote.confusion == ((1, 0), (0, 1))
    assert cases.mean.confusion == ((1, 0), (1, 0))
