"""What a leak was worth: the leaking split beside whole families, same patches and grid, paired."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from neurograde.reports.blocks import Figures, Paragraph
from neurograde.reports.chain import Chain
from neurograde.reports.page import SECTIONS
from neurograde.reports.sections.worth import leak_worth
from neurograde.reports.worth import counterpart, worth
from tests.support.page import chains
from tests.support.study import write_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> list[Chain]:
    """Evaluations with whole families and with shuffled patches."""
    url = f"file://{tmp_path_factory.mktemp('leak')}"
    write_study(url)
    return chains(url, "independent", "shuffled")


def accuracy(chain: Chain, subset: str) -> float:
    """Share of the subset's lines of predictions.csv that name the class."""
    rows = csv.DictReader(io.StringIO(chain.evaluation.read("predictions.csv").decode()))
    right = [row["label"] == row["predicted"] for row in rows if row["subset"] == subset]
    return sum(right) / len(right)


def marked(chain: Chain, *marks: str) -> Chain:
    manifest = chain.evaluation.manifest.model_copy(update={"marks": marks})
    return replace(chain, evaluation=replace(chain.evaluation, manifest=manifest))


def test_the_difference_is_what_the_leak_promises_less_what_whole_families_keep(study: list[Chain]):
    independent, shuffled = study
    measured = worth(shuffled, independent)
    assert measured.subset == "valid"
    assert measured.promised.value == pytest.approx(accuracy(shuffled, "valid"))
    assert measured.kept.value == pytest.approx(accuracy(independent, "valid"))
    assert measured.difference.value == pytest.approx(measured.promised.value - measured.kept.value)
    assert measured.difference.low <= measured.difference.value <= measured.difference.high


def test_where_test_leaks_it_is_the_test_accuracy_that_promises_too_much(study: list[Chain]):
    independent, shuffled = study
    measured = worth(marked(shuffled, "leaking", "leaking-test"), independent)
    assert measured.subset == "test"
    assert measured.promised.value == pytest.approx(accuracy(shuffled, "test"))


def test_the_same_split_has_no_difference_and_no_width(study: list[Chain]):
    independent, _ = study
    same = worth(marked(independent, "leaking"), independent)
    assert (same.difference.value, same.difference.low, same.difference.high) == (0.0, 0.0, 0.0)


def test_sessions_are_paired_by_setting_and_repeat(study: list[Chain]):
    independent, shuffled = study
    best = [{s.id: s.best_accuracy.accuracy for s in c.metrics.sessions if s.best_accuracy} for c in study]
    pairs = worth(shuffled, independent).sessions
    assert pairs == tuple((best[0][name], best[1][name]) for name in best[0] if name in best[1])
    assert len(pairs) == 5


def test_a_page_has_one_figure_per_leak_in_points(study: list[Chain]):
    section = leak_worth(study)
    [block] = section.blocks
    assert isinstance(block, Figures)
    [figure] = block.figures
    assert figure.slug == "leak-worth-shuffled"
    assert "with whole families" in figure.alt
    assert "the leak was worth" in section.lead
    assert "points (95 % interval" in section.lead
    assert leak_worth in SECTIONS


def test_a_leak_without_a_counterpart_is_told_how_to_get_one(study: list[Chain]):
    independent, shuffled = study
    [block] = leak_worth([shuffled]).blocks
    assert isinstance(block, Paragraph)
    assert "no evaluation of the same patches and grid with whole families" in block.text
    other = replace(independent, metrics=independent.metrics.model_copy(update={"cells": ()}))
    assert counterpart(shuffled, [other, shuffled]) is None


def test_a_page_without_a_leak_says_nothing_of_it(study: list[Chain]):
    assert leak_worth(study[:1]).blocks == ()
