"""The study's figures and tables from the store of any study: all there, under their questions, true to their data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest

from neurograde.learning.networks.architecture import architecture, architectures
from neurograde.maths.minimax import best_by_loss
from neurograde.maths.patch_grid import Margins
from neurograde.patches.illustration import CroppedImage, Illustrations
from neurograde.reports.blocks import Block, Figures, Section, Table, Tables
from neurograde.reports.chain import Chain
from neurograde.reports.document import Page
from neurograde.reports.figures.classifier import classifier
from neurograde.reports.figures.network import network
from neurograde.reports.figures.precrop import precrop
from neurograde.reports.figures.shuffles import mixed
from neurograde.reports.figures.transforms import transforms
from neurograde.reports.leaks import members, searches
from neurograde.reports.page import compose
from neurograde.reports.sections.answer import answer
from neurograde.reports.sections.grids import overstated
from neurograde.reports.sections.method import method
from neurograde.reports.sections.methods import methods
from neurograde.reports.sections.networks import networks
from neurograde.reports.sections.search import search
from neurograde.reports.sections.winners import winners
from neurograde.specs.records import Metrics
from neurograde.specs.strategies import Unfreezing
from neurograde.specs.train import Backbone
from tests.support.page import Elements, chains, rows
from tests.support.study import write_search, write_study

NAMES = ("straightforward", "extension", "unfreezing", "apart", "shuffled")
FIGURES = {
    "2.1": "precrop-", "2.3": "straightforward-strategies-", "2.4": "six-families", "2.5": "straightforward-heatmap-",
    "2.6": "transforms", "2.7": "balancing-", "2.8": "shuffles", "2.9": "experiments", "3.1": "method",
    "4.1": "valid-ahead", "4.2": "head-straightforward", "4.3": "backbones-straightforward", "4.4": "head-extension",
    "4.5": "depth-extension", "4.6": "unfrozen-layers", "4.7": "depth-unfreezing", "4.8": "best-session-",
    "A.1": "network-", "B.1": "grid-straightforward", "B.3": "grid-unfreezing", "appendix C": "untrained-",
}  # fmt: skip
"""Figures of the report by the beginning of their files' names."""
TABLES = {
    "1.2": "backbones", "2.1": "samples-straightforward", "2.2": "ratios-straightforward",
    "2.3": "totals-straightforward", "4.1": "best",
}  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Chain]:
    url = f"file://{tmp_path_factory.mktemp('search')}"
    write_search(url)
    pictures = Illustrations((cropped(),), np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    return [
        replace(each, networks=tuple(architectures(each.run.spec)), illustrations=pictures)
        for each in chains(url, *NAMES)
    ]


@pytest.fixture(scope="module")
def page(found: list[Chain]) -> Page:
    return compose("A study", found)


def cropped() -> CroppedImage:
    return CroppedImage("D/a.png", np.full((30, 40, 3), 200, np.uint8), 400, 300, Margins(left=40, bottom=30), 100)


def blocks(page: Page) -> list[Block]:
    return [block for section in page.sections for block in section.blocks]


def section(page: Page, slug: str) -> Section:
    return next(each for each in page.sections if each.slug == slug)


@pytest.mark.parametrize(("number", "slug"), FIGURES.items(), ids=FIGURES)
def test_every_figure_of_the_report_is_drawn_under_the_question_that_it_answers(page: Page, number: str, slug: str):
    every = [each for each in blocks(page) if isinstance(each, Figures)]
    drawn = [each for each in every if any(figure.slug.startswith(slug) for figure in each.figures)]
    assert drawn, number
    assert all("?" in each.caption and number in each.caption for each in drawn)


@pytest.mark.parametrize(("number", "slug"), TABLES.items(), ids=TABLES)
def test_every_table_of_the_report_is_made_under_the_question_that_it_answers(page: Page, number: str, slug: str):
    tables = [each for block in blocks(page) for each in (block.tables if isinstance(block, Tables) else [block])]
    [caption] = [each.caption for each in tables if isinstance(each, Table) and each.slug == slug]
    assert f"(table {number})?" in caption


def test_every_caption_of_a_figure_asks_something(page: Page):
    assert [each.caption for each in blocks(page) if isinstance(each, Figures) and "?" not in each.caption] == []


def test_sections_without_anything_to_show_are_left_out(found: list[Chain]):
    bare = [replace(each, networks=(), illustrations=None) for each in found if each.name == "extension"]
    slugs = {each.slug for each in compose("A study", bare).sections}
    assert slugs.isdisjoint({"networks", "experiments"})


def test_table_1_2_counts_beside_the_report(page: Page):
    table = {row["backbone"]: row for row in rows(page, "backbones")}
    assert table["resnet18"]["parameters"] == "11689512"
    assert table["inception_v3"]["report_parameters_millions"] == "27.2"
    assert table["leaknet"]["report_parameters_millions"] == ""
    said = Elements(page.html().decode()).text
    assert "include auxiliary heads of 3.33 M" in said


def test_table_4_1_is_the_best_of_all_sessions_of_each_strategy_beside_the_cell_of_best_mean(
    page: Page, found: list[Chain]
):
    table = {row["experiment"]: row for row in rows(page, "best")}
    assert list(table) == ["straightforward", "extension", "unfreezing"]
    for name in ("straightforward", "extension", "unfreezing"):
        [chain] = [chain for chain in found if chain.name == name]
        losses: dict[str, list[tuple[float, float]]] = {}
        for session in chain.run.sessions:
            history = chain.histories[session.id]
            if len(history) == session.epochs + 1:
                columns = ("train_loss", "valid_loss", "train_accuracy", "valid_accuracy")
                best = best_by_loss(*([getattr(epoch, column) for epoch in history] for column in columns))
                losses.setdefault(session.cell, []).append((best.loss, best.accuracy))
        winner = min(losses.values(), key=lambda bests: fmean(loss for loss, _ in bests))
        row = table[name]
        assert (float(row["loss"]), float(row["accuracy"])) == min(best for bests in losses.values() for best in bests)
        assert float(row["loss_mean"]) == pytest.approx(fmean(loss for loss, _ in winner))
        assert int(row["sessions"]) == len(chain.run.sessions)


def test_searches_are_what_neither_leaks_nor_is_the_control_of_a_leak(found: list[Chain]):
    assert [chain.name for chain in searches(found)] == ["straightforward", "extension", "unfreezing"]
    assert [chain.name for chain in searches(found[3:])] == ["apart"]  # the control where there is nothing else
    assert [chain.name for chain in searches(found[:4])] == ["straightforward", "extension", "unfreezing", "apart"]
    assert searches([found[-1]]) == []
    assert list(winners(found)) == ["straightforward", "extension", "unfreezing"]


@pytest.fixture(scope="module")
def planted(found: list[Chain]) -> Chain:
    """A leaking evaluation that is better than every other in all that it measured."""
    [chain] = [chain for chain in found if chain.name == "extension"]
    manifest = chain.evaluation.manifest.model_copy(update={"name": "planted", "marks": ("leaking",)})
    metrics = chain.metrics.model_dump(mode="json")
    for cell in metrics["cells"]:
        cell["loss"], cell["accuracy"] = ({"mean": best, "std": 0.0, "best": best} for best in (0.001, 0.999))
    for session in metrics["sessions"]:
        session["best_loss"] |= {"loss": 0.001, "accuracy": 0.999}
        session["best_accuracy"] |= {"loss": 0.001, "accuracy": 0.999}
    for assessment in metrics["subsets"]["test"].values():
        assessment["metrics"]["loss"]["value"], assessment["metrics"]["accuracy"]["value"] = 0.001, 0.999
    best = replace(
        chain,
        evaluation=replace(chain.evaluation, manifest=manifest),
        metrics=type(chain.metrics).model_validate(metrics),
    )
    best.__dict__["histories"] = {
        session: [
            Metrics(train_loss=0.001, train_accuracy=0.1 if row else 0.999, valid_loss=0.001, valid_accuracy=0.999)
            for row in range(len(rows))
        ]
        for session, rows in chain.histories.items()
    }
    return best


def adapted(chains: list[Chain]) -> Block:
    """How the best of each strategy adapts its network."""
    return networks(chains).blocks[-1]


@pytest.mark.parametrize("shown", [search, adapted, method], ids=lambda section: section.__name__)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_the_best_of_leaks_changes_no_figure_and_no_table_of_the_search(
    found: list[Chain], planted: Chain, shown: Callable[[list[Chain]], Section | Block], first: bool
):
    honest = found[:3]
    assert shown([planted, *honest] if first else [*honest, planted]) == shown(honest)


def test_the_best_of_leaks_does_not_lead_the_page_nor_win_among_methods_nor_carry_a_claim(
    found: list[Chain], planted: Chain
):
    chains = [planted, *found[:3]]
    assert answer(chains).lead == answer(found[:3]).lead
    assert "0.001" not in str(answer(chains).blocks[0])
    assert methods(chains, ()).blocks == methods(found[:3], ()).blocks
    page = compose("A study", chains)
    assert "planted" in {row["evaluation"] for row in rows(page, "evaluations")}
    compared = [row for row in rows(page, "claims") if "valid less test" not in row["second"]]
    assert "planted" not in {row[side] for row in compared for side in ("first", "second")}


def test_where_every_evaluation_leaks_the_page_has_no_search(planted: Chain):
    page = compose("A study", [planted])
    assert "search" not in {section.slug for section in page.sections}


def test_small_multiples_have_a_panel_for_every_cell_and_frame_one(page: Page):
    [figure] = [
        each for block in blocks(page) if isinstance(block, Figures) for each in block.figures
        if each.slug == "grid-extension"
    ]  # fmt: skip
    assert len(re.findall(r'id="grid-extension-axes_\d+"', figure.svg)) == 9
    assert "3 learning rates and 3 batch sizes" in figure.alt
    assert len(figure.svg) < 120_000


def test_figure_4_1_shows_the_session_that_valid_alone_would_overstate_most(page: Page, found: list[Chain]):
    def gain(chain: Chain, session: str) -> float:
        history = chain.histories[session][1:]
        valid = [each.valid_accuracy for each in history]
        return max(valid) - max(min(each.train_accuracy, each.valid_accuracy) for each in history)

    searched = [(chain, session.id) for chain in searches(found) for session in chain.metrics.sessions]
    gains = {f"{session} of {chain.name}": gain(chain, session) for chain, session in searched}
    [caption] = [each.caption for each in blocks(page) if isinstance(each, Figures) and "figure 4.1" in each.caption]
    named = re.search(r"\? (.+): valid alone", caption)[1]
    assert gains[named] == max(gains.values()) > 0


def test_valid_alone_overstates_nothing_where_train_is_better():
    assert overstated(({1: 0.7, 2: 0.9}, {1: 0.6, 2: 0.8})) == 0.0
    assert overstated(({}, {})) == 0.0


def test_the_experiments_are_those_of_one_cell_in_the_report_s_order(found: list[Chain]):
    assert [chain.name for chain in members(found[::-1]).values()] == ["apart", "shuffled"]
    assert members(found[:-1]) == {}  # without a leak there is nothing to compare


def test_families_are_mixed_by_the_shuffle_alone(page: Page, found: list[Chain]):
    [figure] = [
        figure
        for block in section(page, "experiments").blocks
        if isinstance(block, Figures)
        for figure in block.figures
        if figure.slug == "shuffles"
    ]
    shuffled: dict[str, Counter[str]] = {}
    for row in found[-1].partition.read_csv("assignment.csv"):
        shuffled.setdefault(row["family"], Counter())[row["subset"]] += 1
    assert "0: families apart: 0 families in two subsets" in figure.alt
    assert f"shuffled: {mixed(shuffled)} families in two subsets" in figure.alt
    assert mixed(shuffled) > 5


def test_the_method_counts_what_was_run(page: Page, found: list[Chain]):
    [block] = section(page, "method").blocks
    sessions = len(found[0].run.sessions)
    assert f"New last layer: 3 backbones, {sessions} sessions" in block.figures[0].alt
    assert "Unfreezing: resnet18, n = 1 to 4" in block.figures[0].alt


def test_unfrozen_layers_are_told_by_name_and_drawn_as_trained():
    net = architecture(Backbone(name="vgg19", weights="none"), Unfreezing(kind="unfreezing", layers=6), 224, 1)
    figure = network("unfrozen", net, 8)
    assert "Trained: 6 layers, features.28, features.30, features.32, features.34, classifier.0" in figure.alt
    assert figure.inline.count("fill: var(--best)") == 6 + 1  # and the legend
    assert "ImageNet's classifier: 4,096 to 4,096 to 1,000 units" in classifier("head", net).alt


def test_the_pre_crop_says_what_it_takes_off():
    figure = precrop("precrop", [cropped()])
    assert "400 x 300 px, loses 19.0" in figure.alt
    assert figure.svg.count("data:image/png") == 2


def test_transforms_are_of_a_patch_or_of_a_letter_and_say_which_may_be_used():
    patch = transforms("transforms", np.zeros((8, 8, 3), np.uint8), 3)
    letter = transforms("transforms", None, 7)
    assert patch.svg.count("data:image/png") == 8
    assert "data:image" not in letter.svg
    assert patch.svg.count(">(") == 4
    assert letter.svg.count(">(") == 0


def test_a_page_without_pictures_says_the_same(tmp_path):
    write_study(f"file://{tmp_path}", leaking=False)
    page = compose("A study", chains(f"file://{tmp_path}", "independent"))
    files = dict(page.files())
    assert b"data:image" not in files["figures/transforms.svg"]
    assert [path for path in files if path.startswith("figures/precrop")] == []
    assert "(figure 2.6)?" in page.html().decode()


def test_the_index_names_each_figure_and_table_of_the_report_with_its_place_or_the_reason(page: Page):
    html = page.html().decode()
    ids = {attributes["id"] for _, attributes in Elements(html).found if "id" in attributes}
    entries = {entry.original.number: entry for entry in page.index}
    assert len(entries) == 37
    assert all(anchor in ids for entry in page.index for anchor, _ in entry.places)
    assert all(entry.original.absent for entry in page.index)
    assert entries["4.5"].places == (("figure-depth-extension", "Search"),)
    assert entries["table 4.1"].places == (("table-best", "Search"),)
    assert {number for number, entry in entries.items() if not entry.places} == {
        "1.1", "table 1.1", "table 1.3", "table 1.4", "2.2", "5.1", "A.1",
    }  # fmt: skip
    assert "A.1 VGG-16: none, VGG-16 was not trained" in " ".join(Elements(html).text.split())
    assert html.index('class="index"') < html.index('id="answer"')


def test_the_page_of_the_study_is_below_1_5_mb_and_repeats_no_figure(page: Page):
    slugs = [figure.slug for block in blocks(page) if isinstance(block, Figures) for figure in block.figures]
    assert len(page.html()) < 1_500_000
    assert len(slugs) == len(set(slugs)) < 60
    assert sum(slug.startswith("map-") for slug in slugs) == 3  # one for each strategy
    assert not any(slug.startswith(("curves-apart", "curves-shuffled", "roc-shuffled")) for slug in slugs)


def test_vgg_16_is_drawn_as_figure_a_1_whenever_it_was_trained(found: list[Chain]):
    names = ("resnet18", "resnet34", "resnet50", "vgg11", "vgg13", "mobilenet_v2", "vgg16")
    nets = tuple(found[0].networks[0]._replace(backbone=name) for name in names)
    [drawn, *_] = [block for block in networks([replace(found[0], networks=nets)]).blocks if isinstance(block, Figures)]
    assert drawn.figures[0].slug == "network-vgg16"


def test_the_first_lines_say_what_became_of_the_study_s_claims(page: Page):
    claimed = {(row["where"], row["found"]) for row in rows(page, "claims")}
    assert f" {len(claimed)} claims of the study: " in page.sections[0].lead


def test_a_laboratory_s_own_page_has_nothing_of_the_study(found: list[Chain]):
    page = compose("Our images", [replace(chain, study=False) for chain in found[:3]])
    assert "claims" not in {section.slug for section in page.sections}
    assert page.index == ()
    files = {path for path, _ in page.files()}
    assert not {"figures/six-families.svg", "figures/six-heatmaps.svg"} & files
    html = re.sub(r"<style.*?</style>", "", page.html().decode(), flags=re.DOTALL)
    text = " ".join(Elements(html).text.split())
    assert re.findall(r"(?:the|The) study.{40}|\((?:figure|table|appendix).{20}", text) == []
