"""The page: complete, self-contained, honest about its marks, true to its inputs, the same bytes every time."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
import yaml

from neurograde.reports.blocks import Figures, Paragraph
from neurograde.reports.document import Page
from neurograde.reports.figures.search import DARK_WORDS, LIGHT_WORDS
from neurograde.reports.figures.six_families import BLUE_WHITE_RED
from neurograde.reports.figures.style import SCALE
from neurograde.reports.page import compose
from neurograde.runtime.strict_yaml import StrictLoader
from neurograde.storage.store import Store
from tests.support.page import Elements, chains, rows, statistics_of
from tests.support.study import write_study

HOSTILE = ('<script>alert(1)<b> & "D"', "PD $x^2$ 分化", "_U")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"file://{tmp_path_factory.mktemp('study')}"
    write_study(url)
    return url


@pytest.fixture(scope="module")
def page(study: str) -> Page:
    return compose("A study", chains(study, "independent", "shuffled"))


@pytest.fixture(scope="module")
def html(page: Page) -> str:
    return page.html().decode()


@pytest.fixture(scope="module")
def metrics(study: str) -> Callable[[str], dict]:
    return lambda name: json.loads(Store(study).get(f"evaluations/{name}/metrics.json"))


def test_the_study_s_claims_stand_behind_the_results_with_their_tables_beside_the_page(page: Page):
    slugs = [section.slug for section in page.sections]
    assert slugs[slugs.index("results") + 1] == "claims"
    assert len({row["where"] for row in rows(page, "claims")}) > 5
    assert {row["metric"] for row in rows(page, "differences")} == {"accuracy", "f_measure", "roc_auc", "loss"}


def test_the_page_asks_the_network_for_nothing(html: str):
    elements = Elements(html)
    links = [value for _, attributes in elements.found for key, value in attributes.items() if key in ("href", "src")]
    assert all(link.startswith(("#", "figures/", "tables/")) for link in links)
    assert not re.search(r"https?:|url\((?!#)|@import", html)
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in elements.found}


def test_every_figure_says_in_words_what_it_shows(page: Page, html: str):
    drawn = [attributes for attributes in Elements(html).all("svg") if attributes.get("role") == "img"]
    files = [data.decode() for path, data in page.files() if path.endswith(".svg")]
    assert len(drawn) == len(files) > 10
    assert all(len(each["aria-label"]) > 30 for each in drawn)
    assert all('aria-label="' in each for each in files)


def test_figures_are_svg_files_of_their_own_and_ids_are_unique_on_the_page(page: Page, html: str):
    for path, data in page.files():
        if path.endswith(".svg"):
            ElementTree.fromstring(data)
    ids = [attributes["id"] for _, attributes in Elements(html).found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([\w-]+)', html)) <= set(ids)


def test_figures_on_the_page_take_their_colours_from_the_page(html: str):
    styles = " ".join(attributes.get("style") or "" for _, attributes in Elements(html).found)
    assert set(re.findall(r"(?:fill|stroke): (#\w+)", styles)) <= {
        *SCALE,
        *BLUE_WHITE_RED,
        LIGHT_WORDS,
        DARK_WORDS,
    }  # the same on any page
    assert not any((attributes.get("fill") or "").startswith("#") for _, attributes in Elements(html).found)
    used, known = set(re.findall(r"var\((--[\w-]+)\)", html)), set(re.findall(r"(--[\w-]+): ", html))
    assert used <= known


def test_marks_are_banners_that_name_the_evaluations_concerned(study: str, page: Page, html: str):
    assert [each.title for each in page.banners] == ["Synthetic images", "Leaking"]
    assert "independent and shuffled" in page.banners[0].text
    assert "In shuffled," in page.banners[1].text
    assert html.count('class="banner"') == 2
    assert [each.title for each in compose("A study", chains(study, "independent")).banners] == ["Synthetic images"]


def test_the_answer_gives_loss_and_accuracy_with_interval_and_families_per_original_patch(html: str, metrics):
    test = metrics("independent")["subsets"]["test"]["patches"]
    loss, accuracy = test["metrics"]["loss"], test["metrics"]["accuracy"]
    said = " ".join(Elements(html).text.split())
    assert f"test loss {loss['value']:.3f} ({loss['low']:.3f}–{loss['high']:.3f})" in said
    assert f"accuracy {accuracy['value'] * 100:.1f} %" in said
    assert f"on {test['n']} patches of {test['families']} families." in said


def test_valid_and_test_of_the_answer_are_of_one_network_and_one_unit(html: str, metrics):
    evaluation = metrics("independent")
    valid = evaluation["subsets"]["valid"]["patches"]
    accuracy, loss = valid["metrics"]["accuracy"], valid["metrics"]["loss"]
    best = next(row for row in evaluation["cells"] if row["cell"] == evaluation["chosen"]["cell"])["accuracy"]["best"]
    assert f"{accuracy['value'] * 100:.1f}" != f"{best * 100:.1f}"
    statistics = statistics_of(html)
    value, note = statistics["Valid accuracy"]
    assert value == f"{accuracy['value'] * 100:.1f}\u202f%"
    assert note.startswith(f"{accuracy['low'] * 100:.1f}–{accuracy['high'] * 100:.1f}\u202f%, 95 %")
    sessions, settings = len(evaluation["sessions"]), len(evaluation["cells"])
    assert note.endswith(f"the same network, chosen from {sessions} sessions in {settings} settings")
    assert statistics["Valid loss"][0] == f"{loss['value']:.3f}"
    assert not any("best of" in label for label in statistics)


def test_the_best_repeat_stands_beside_mean_and_deviation(html: str, metrics):
    evaluation = metrics("independent")
    setting = next(row for row in evaluation["cells"] if row["cell"] == evaluation["chosen"]["cell"])
    value, note = statistics_of(html)["Mean of its setting"]
    assert value == f"{setting['loss']['mean']:.3f}"
    assert note.startswith(f"± {setting['loss']['std']:.3f}, minimax loss of its setting over {setting['n']} repeats")
    assert f"best {setting['loss']['best']:.3f}" in note


def test_tables_hold_the_inputs_numbers_unrounded(page: Page, study: str, metrics):
    for name in ("independent", "shuffled"):
        for subset in ("valid", "test"):
            levels = metrics(name)["subsets"][subset]
            for row in rows(page, f"results-{name}-{subset}"):
                expected = levels[row["level"]]["metrics"][row["metric"]]
                assert row["value"] == ("" if expected["value"] is None else repr(expected["value"]))
                assert int(row["n"]) == levels[row["level"]]["n"]
        balance = json.loads(Store(study).get(f"datasets/{name}/balance.json"))["subsets"]
        for row in rows(page, "samples-independent"):  # a shuffle keeps the counts, so the page gives them once
            assert int(row["final"]) == balance[row["subset"]]["classes"][row["class"]]["final"]
    account = json.loads(Store(study).get("patches/demo/accounting.json"))
    total = rows(page, "data-demo")[0]
    assert (
        int(total["total_px"]) == account["total_px"] == sum(int(v) for k, v in total.items() if k.endswith("_px")) / 2
    )


@pytest.mark.parametrize("order", [("independent", "shuffled"), ("shuffled", "independent")], ids=["first", "last"])
def test_the_partition_shows_the_figures_that_it_keeps_its_remarks_and_its_look_alikes(study: str, order):
    page = compose("A study", chains(study, *order))
    shown = next(section for section in page.sections if section.slug == "partition")
    figures = [figure.slug for block in shown.blocks if isinstance(block, Figures) for figure in block.figures]
    kept = ["strategies-1-d", "strategies-2-pd", "heatmap-1-d", "heatmap-2-pd"]
    expected = [f"partition-{order[0]}", *(f"independent-{each}" for each in kept), "six-families", "six-heatmaps"]
    assert figures == expected  # a leak keeps none
    words = [block.text for block in shown.blocks if isinstance(block, Paragraph)]
    assert "Remarks: 10 families cannot be divided." in words
    assert any(each.startswith("2 pairs of patches of different families in different subsets") for each in words)


def test_valid_and_test_of_all_evaluations_stand_side_by_side(page: Page, metrics):
    side_by_side = {row["evaluation"]: row for row in rows(page, "evaluations")}
    for name, row in side_by_side.items():
        valid, test = (
            metrics(name)["subsets"][each]["patches"]["metrics"]["loss"]["value"] for each in ("valid", "test")
        )
        assert float(row["loss_gap"]) == test - valid
    assert float(side_by_side["shuffled"]["loss_gap"]) > float(side_by_side["independent"]["loss_gap"]) + 0.3


def test_carbon_is_the_sum_of_every_job_of_the_chains_each_counted_once(page: Page, study: str):
    entries = rows(page, "carbon")
    store = Store(study)
    assert len(entries) == len({row["artefact"] for row in entries}) == 10
    for row in entries:
        manifest = json.loads(store.get(f"{row['artefact']}/manifest.json"))
        assert float(row["co2e_kg_tdp"]) == manifest["carbon"]["co2e_kg_tdp"]
    said = next(section for section in page.sections if section.slug == "carbon")
    total = 1000 * math.fsum(float(row["co2e_kg_tdp"]) for row in entries)
    wasted = 1000 * math.fsum(float(row["co2e_kg_wasted"]) for row in entries)
    assert said.lead.startswith(f"{total:.2f} g CO₂e")
    assert f"of which {wasted:.2f} g for work lost" in said.lead
    [jobs] = [block for block in said.blocks if getattr(block, "slug", "") == "carbon"]
    assert jobs.total[5].text == f"{total:.3f}"


def test_the_same_inputs_give_the_same_bytes(study: str, page: Page):
    again = compose("A study", chains(study, "independent", "shuffled"))
    assert dict(again.files()) == dict(page.files())


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A page of three classes whose names, like the title, are markup."""
    url = f"file://{tmp_path_factory.mktemp('hostile')}"
    write_study(url, classes=HOSTILE, leaking=False, interrupted=False)
    return compose('<img src=x onerror="alert(1)">', chains(url, "independent"))


def test_hostile_names_of_classes_are_shown_and_never_run(hostile: Page):
    elements = Elements(hostile.html().decode())
    assert not {"script", "b", "img"} & {tag for tag, _ in elements.found}
    assert all(name in elements.text for name in HOSTILE)
    for path, data in hostile.files():
        if path.endswith(".svg"):
            ElementTree.fromstring(data)


def test_three_classes_have_their_metrics_and_figures_too(hostile: Page):
    metrics = {row["metric"] for row in rows(hostile, "results-independent-test")}
    assert {"quadratic_kappa", "f_macro", "roc_auc_macro"} <= metrics
    assert "figures/confusion-independent-test.svg" in dict(hostile.files())


def test_the_commands_name_specs_that_lie_beside_the_page_as_they_were_run(study: str):
    own = {"job": "report", "name": "page", "store": study, "title": "A study"}
    found = chains(study, "independent")
    files = dict(compose("A study", found, spec=own).files())
    html = files["index.html"].decode()
    commands = re.findall(r"^(?:<pre.*<code>)?neurograde (\w+) (specs/\S+)$", html, re.MULTILINE)
    assert [job for job, _ in commands] == [
        "synthesise",
        "patch",
        "partition",
        "augment",
        "train",
        "evaluate",
        "report",
    ]
    assert {path for _, path in commands} == {path for path in files if path.startswith("specs/")}
    written = {job: yaml.load(files[path], StrictLoader) for job, path in commands}
    assert written["report"] == own
    assert written["train"] == found[0].run.spec.model_dump(mode="json")
    for artefact in (found[0].patches, found[0].partition, found[0].dataset, found[0].evaluation):
        assert written[artefact.manifest.job] == artefact.manifest.spec | {"store": study}


def test_no_waste_is_said_so(hostile: Page):
    carbon = next(section for section in hostile.sections if section.slug == "carbon")
    assert carbon.lead.endswith("; no work was lost.")


def test_every_strategy_is_in_a_table_under_the_partition(page: Page):
    table = rows(page, "strategies-independent")
    assert {row["strategy"] for row in table} == {"psp", "ifp", "ifpo", "exact"}
    assert {row["reading"] for row in table if row["strategy"] == "ifpo"} == {"each", "together"}
    least = min(float(row["loss"]) for row in table)
    assert all(float(row["loss"]) == least for row in table if row["strategy"] == "exact")


def test_every_figure_and_table_links_to_its_file_beside_the_page(page: Page, html: str):
    beside = {path for path, _ in page.files() if path.startswith(("figures/", "tables/"))}
    linked = [link for attributes in Elements(html).all("a") if not (link := attributes["href"] or "").startswith("#")]
    assert set(linked) == beside
    assert len(linked) == len(beside)
