"""The leak experiments on the page: samples are shuffled by the report's words, patches beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neurograde.reports.blocks import Paragraph, Section
from neurograde.reports.chain import Chain
from neurograde.reports.figures.curves import Curves
from neurograde.reports.figures.experiments import Experiment
from neurograde.reports.figures.experiments import experiments as figure
from neurograde.reports.leaks import members
from neurograde.reports.sections.experiments import experiments
from tests.support.page import chains
from tests.support.study import write_leaks

TITLES = [
    "0: families apart",
    "2: samples of train and valid shuffled",
    "2, patch by patch: patches of train and valid shuffled",
]


@pytest.fixture(scope="module")
def leaks(tmp_path_factory: pytest.TempPathFactory) -> list[Chain]:
    url = f"file://{tmp_path_factory.mktemp('leaks')}"
    write_leaks(url)
    return list(chains(url, "shuffled", "dealt", "apart"))


@pytest.fixture(scope="module")
def section(leaks: list[Chain]) -> Section:
    return experiments(leaks)


def alt(section: Section, slug: str) -> str:
    return next(figure.alt for block in section.blocks for figure in block.figures if figure.slug == slug)


def test_samples_come_before_patches_whatever_the_order_of_the_evaluations(leaks: list[Chain]):
    assert list(members(leaks)) == TITLES


def test_a_shuffle_of_samples_mixes_every_family_of_train_and_valid(section: Section, leaks: list[Chain]):
    rows = leaks[1].partition.read_csv("assignment.csv")
    apart = {row["family"] for row in rows if row["subset"] != "test"}
    assert f"{TITLES[1]}: {len(apart)} families in two subsets" in alt(section, "shuffles")
    assert f"{TITLES[0]}: 0 families in two subsets" in alt(section, "shuffles")


def test_the_test_loss_is_mean_and_deviation_of_the_repeats(leaks: list[Chain]):
    curves = Curves("loss", [{0: 0.7, 1: 0.5}], [{0: 0.7, 1: 0.6}], [])
    drawn = figure("experiments", {"0: families apart": Experiment(0, curves, (0.5, 0.7, 0.6))})
    assert "test gives 0.600 ± 0.100" in drawn.alt
    lone = figure("experiments", {"0: families apart": Experiment(0, curves, (0.5,))})
    assert "test gives 0.500." in lone.alt


def test_the_delay_of_experiment_2_is_examined(section: Section, leaks: list[Chain]):
    [verdict] = [block.text for block in section.blocks if isinstance(block, Paragraph)]
    assert "The study saw experiment 2 take longer" in verdict
    assert "Here train reaches 0." in verdict
    assert "Here valid reaches 0." in verdict
    assert verdict.count("experiment 2, patch by patch: ") == 2
    assert "epoches" not in verdict
    [table] = [
        block for block in section.blocks if getattr(block, "slug", "") == "experiments" and hasattr(block, "rows")
    ]
    assert [row[0].text for row in table.rows] == TITLES


def test_no_delay_is_measured_where_training_lowers_a_loss_nowhere(leaks: list[Chain]):
    rising = [replace(leaks[2]), *leaks[:2]]
    histories = {
        name: [metrics.model_copy(update={"valid_loss": 0.7 + 0.01 * epoch}) for epoch, metrics in enumerate(history)]
        for name, history in leaks[2].histories.items()
    }
    rising[0].__dict__["histories"] = histories  # where the cached property keeps it
    [verdict] = [block.text for block in experiments(rising).blocks if isinstance(block, Paragraph)]
    assert "On valid an experiment never falls below its loss without training" in verdict
    assert "Here train reaches 0." in verdict


def test_an_evaluation_from_before_the_losses_of_repeats_shows_that_of_its_chosen_session(leaks: list[Chain]):
    value = leaks[2].metrics.subsets["test"].samples.metric("loss").value
    older = [replace(chain, metrics=chain.metrics.model_copy(update={"ensemble": None})) for chain in leaks]
    assert f"test gives {value:.3f};" in alt(experiments(older), "experiments")
