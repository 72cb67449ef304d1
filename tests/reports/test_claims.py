"""The study's claims held against evaluations of known answers: differences, verdicts, and what was searched."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence

import pytest

from neurograde.maths.bootstrap import Interval
from neurograde.reports.blocks import Section, Table
from neurograde.reports.chain import Chain
from neurograde.reports.conclusions import CLAIMS
from neurograde.reports.evidence import ABSENT, DIFFERENT, SAME, TEST, UNDECIDED, verdict
from neurograde.reports.sections.augmentation import augmentation
from neurograde.reports.sections.claims import claims
from neurograde.reports.sections.folds import folds
from neurograde.storage.store import Store
from tests.support.page import chains
from tests.support.study import Study

SURE = 0.9
"""Probability of the class that a stand-in names, right or wrong."""
RIGHT = {
    "straightforward": lambda subset, family: family == 0,
    "extension": lambda subset, family: True,
    "unfreezing": lambda subset, family: family % 2 == 1,
    "shuffled": lambda subset, family: subset == "valid",
    "left-0": lambda subset, family: True,
    "left-1": lambda subset, family: False,
    "left-2": lambda subset, family: True,
}
"""Whether an evaluation is right on every patch of a family, by the family's number in its subset."""


FOLDS = {"left-0": "D case 0", "left-1": "D case 1", "left-2": "PD case 2"}
"""Evaluations that test one family alone, and which."""


class Known(Study):
    """A study whose predictions are right or wrong as RIGHT has it."""

    def predictions(self, name: str, rows: Sequence[Mapping[str, str]]) -> bytes:
        lines = []
        for subset in ("valid", "test"):
            members = [row for row in rows if row["subset"] == subset]
            families = sorted({row["family"] for row in members})
            for row in members:
                right = RIGHT[name](subset, families.index(row["family"]))
                given = [SURE if (label == row["class"]) is right else 1 - SURE for label in self.classes]
                lines.append(self.predicted(row, given))
        return self.prediction_table(lines)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Chain]:
    url = f"file://{tmp_path_factory.mktemp('known')}"
    study = Known(Store(url), ("D", "PD"), interrupted=False)
    patches = study.patches(study.publish("images", "stand-in", job="synthesise", marks=("synthetic",), hours=0.01))
    weights = [{"name": "vgg11", "weights": "IMAGENET1K_V1"}]
    for name, strategy, rates in (
        ("straightforward", {"kind": "straightforward"}, [1e-3]),
        ("extension", {"kind": "extension", "non_linearities": 2}, [1e-3, 3e-5]),
        ("unfreezing", {"kind": "unfreezing", "layers": 2}, [1e-3]),
        ("shuffled", {"kind": "straightforward"}, [1e-3]),
    ):
        study.grid = {
            "repeats": 3, "learning_rates": rates, "batch_sizes": [8], "backbones": weights, "strategies": [strategy]
        }  # fmt: skip
        study.evaluation(name, patches, leaks=name == "shuffled")
    for name, family in FOLDS.items():
        study.evaluation(name, patches, leaks=False, left_out=family)
    return {each.name: each for each in chains(url, *RIGHT)}


def rows(section: Section, slug: str) -> list[dict[str, str]]:
    [table] = [each for each in section.blocks if isinstance(each, Table) and each.slug == slug]
    return list(csv.DictReader(io.StringIO(table.csv().decode())))


def test_the_paired_difference_is_the_one_that_is_known(found: dict[str, Chain]):
    section = claims([found["shuffled"], found["extension"]])
    table = {row["metric"]: row for row in rows(section, "differences")}
    expected = {"accuracy": 1.0, "f_measure": 1.0, "roc_auc": 1.0, "loss": -math.log(SURE / (1 - SURE))}
    assert list(table) == list(expected)
    for name, value in expected.items():  # one is right wherever the other is wrong, whichever families are drawn
        row = table[name]
        assert (row["evaluation"], row["less"]) == ("extension", "shuffled")
        assert [float(row[each]) for each in ("difference", "low", "high")] == pytest.approx([value] * 3)


def test_what_each_side_searched_stands_beside_the_difference(found: dict[str, Chain]):
    section = claims([found["straightforward"], found["extension"]])
    for row in rows(section, "differences"):
        assert (row["cells"], row["sessions"], row["cells_of_less"], row["sessions_of_less"]) == ("2", "6", "1", "3")
    [shown] = [each for each in section.blocks if isinstance(each, Table) and each.slug == "differences"]
    assert (shown.rows[0][-1].text, shown.rows[0][-1].note) == ("2 + 1 settings", "6 + 3 sessions")
    assert (shown.total[-1].text, shown.total[-1].note) == ("3 settings", "9 sessions")
    on_test = [row for row in rows(section, "claims") if row["basis"] == TEST]
    examined = {(row["second"], row["cells"], row["sessions"]) for row in on_test}
    assert examined == {("extension", "3", "9"), ("valid", "1", "3"), ("valid", "2", "6")}
    assert f"n = {row['n']} patches of {row['families']} families, opened 1 time " in shown.caption


def test_the_order_of_the_evaluations_turns_signs_and_no_verdict(found: dict[str, Chain]):
    pair = [found["straightforward"], found["extension"]]
    one, other = (claims(each) for each in (pair, pair[::-1]))
    for before, after in zip(rows(one, "differences"), rows(other, "differences"), strict=True):
        assert float(before["difference"]) == pytest.approx(-float(after["difference"]))
    said, again = (
        sorted(
            (row["where"], row["second"], row["first"], row["metric"], row["verdict"]) for row in rows(each, "claims")
        )
        for each in (one, other)
    )
    assert said == again


def test_a_claim_is_borne_out_or_not_decided(found: dict[str, Chain]):
    table = rows(claims([found[each] for each in ("straightforward", "extension", "unfreezing")]), "claims")
    said = {(row["where"], row["second"], row["first"]): row["verdict"] for row in table}
    assert said["§4.3, figure 4.5", "extension", "straightforward"] == SAME  # right on families where the other is not
    assert said["§4.4, figure 4.7", "unfreezing", "straightforward"] == UNDECIDED  # right on other families


@pytest.mark.parametrize(
    ("low", "high", "better", "said"),
    [(-3, -1, True, SAME), (-3, -1, False, DIFFERENT), (-1, 1, True, UNDECIDED), (1, 3, None, DIFFERENT),
     (None, None, True, UNDECIDED)],
)  # fmt: skip
def test_a_verdict_is_by_the_interval_alone(low: float | None, high: float | None, better: bool | None, said: str):
    assert verdict("loss", Interval(-2.0, low, high, 6, 100, 0), better=better) == said


def test_every_claim_is_listed_and_those_without_evaluations_are_said_to_be_so(found: dict[str, Chain]):
    table = rows(claims([found["straightforward"]]), "claims")
    assert {row["found"] for row in table} == {claim.finding for claim in CLAIMS}
    examined = {row["where"] for row in table if row["verdict"] != ABSENT}
    assert examined == {"§4.5", "§4.2, figure C.3", "figure C.1", "figure C.2"}  # what one evaluation has alone
    text = str(claims([found["straightforward"]]).blocks)
    assert text.count("Not examined here") == 1


def test_searches_of_two_data_sets_are_not_compared_on_valid(found: dict[str, Chain]):
    table = rows(claims([found["straightforward"], found["extension"]]), "claims")
    assert {row["basis"] for row in table if row["where"] == "§4.3, figure 4.5" and row["second"]} == {TEST}


def test_what_a_shuffled_valid_promises_is_compared_with_the_independent_test(found: dict[str, Chain]):
    section = claims([found["straightforward"], found["shuffled"]])
    promised = {row["metric"]: row for row in rows(section, "claims") if row["where"] == "§2.6, experiment 2"}
    assert [float(promised["accuracy"][each]) for each in ("difference", "low", "high")] == [1.0, 1.0, 1.0]
    assert {row["verdict"] for row in promised.values() if row["basis"] == TEST} == {SAME}
    [pair] = {(row["evaluation"], row["less"]) for row in rows(section, "differences")}
    assert pair == ("shuffled", "straightforward")  # the test set is the same


def test_a_leak_speaks_for_no_backbone_or_strategy(found: dict[str, Chain]):
    table = rows(claims([found["shuffled"], found["extension"]]), "claims")
    assert {row["verdict"] for row in table if row["where"].startswith("§4.3")} == {ABSENT}


def test_folds_are_pooled_each_family_by_the_network_that_never_saw_it(found: dict[str, Chain]):
    group = [found[name] for name in FOLDS]
    table = {(row["evaluation"], row["metric"]): row for row in rows(folds(group), "folds")}
    n = {name: int(table[name, "accuracy"]["n"]) for name in FOLDS}
    accuracy = table["all folds", "accuracy"]
    assert (accuracy["n"], accuracy["families"]) == (str(sum(n.values())), "3 families")
    assert float(accuracy["value"]) == pytest.approx((n["left-0"] + n["left-2"]) / sum(n.values()))
    assert float(accuracy["low"]) < float(accuracy["value"]) < float(accuracy["high"]) < 1.0  # exact, of so few
    for name in FOLDS:  # a fold's own row is its evaluation's
        own = found[name].metrics.subsets["test"].patches.metric("accuracy").value
        assert float(table[name, "accuracy"]["value"]) == own
    [shown] = [each for each in folds(group).blocks if isinstance(each, Table)]
    assert [row[0].text for row in shown.rows] == list(FOLDS.values())


def test_folds_stand_alone_where_there_are_not_two_or_one_is_there_twice(found: dict[str, Chain]):
    assert folds([found["left-0"]]).blocks == folds([found["left-0"]] * 2).blocks == ()
    assert folds([found["straightforward"], found["extension"]]).blocks == ()


def test_a_subset_of_one_family_decides_nothing(found: dict[str, Chain]):
    table = rows(claims([found["left-1"]]), "claims")
    on_test = [row for row in table if row["basis"] == TEST]
    assert {row["verdict"] for row in on_test} == {UNDECIDED}
    assert {row["low"] for row in on_test} == {""}


def test_a_subset_without_a_class_has_none_of_its_samples(found: dict[str, Chain]):
    [totals] = [
        each for block in augmentation([found["left-0"]]).blocks for each in getattr(block, "tables", ())
        if each.slug.startswith("totals")
    ]  # fmt: skip
    test = next(row for row in totals.values if row[0] == "test")
    assert test[2] == 0
    assert test[1] == test[3] > 0
