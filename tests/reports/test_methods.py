"""Methods of the literature beside the networks: one table, one figure, and every description charged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from neurograde.reports.chain import Chain
from neurograde.reports.page import compose
from neurograde.reports.sections.methods import methods
from neurograde.specs.records import InputRecord
from neurograde.specs.results.baseline import BaselineResult
from neurograde.storage.artefact import Artefact
from neurograde.storage.store import Store
from tests.support.artefacts import publish
from tests.support.page import chains
from tests.support.study import carbon, write_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> list[Chain]:
    url = f"file://{tmp_path_factory.mktemp('study')}"
    write_study(url, leaking=False)
    return chains(url, "independent")


def write_baseline(
    chain: Chain,
    name: str,
    *,
    test_set: str = "0" * 64,
    features: tuple[InputRecord, ...] = (),
    further: dict[str, float] | None = None,
) -> Artefact:
    """A baseline with the figures of the chain's own test, and two hours of work."""
    subsets = {subset: result.as_json() for subset, result in chain.metrics.subsets.items()}
    of_patches = subsets["test"]["patches"]["metrics"]
    of_patches |= {key: of_patches["accuracy"] | {"value": value} for key, value in (further or {}).items()}
    result = BaselineResult.of(
        {
            "method": name, "classes": ["D", "PD"], "positive": "D", "chosen": {}, "subsets": subsets,
            "threshold": chain.metrics.threshold.as_json(), "test_set": test_set, "openings": 1,
        }
    )  # fmt: skip
    return write(chain.evaluation.store, "baselines", name, {"metrics.json": result}, features)


def write(store: Store, kind: str, name: str, files: dict[str, Any], features: Sequence[InputRecord] = ()) -> Artefact:
    """An artefact of two hours of work."""
    return publish(
        store, kind, name, files, job="baseline", spec={"job": "baseline", "name": name}, features=tuple(features),
        wall_seconds=7200.0,
        carbon=carbon(2.0).model_dump(mode="json"),
    )  # fmt: skip


def rows(section) -> dict[str, tuple]:
    [table] = [block for block in section.blocks if hasattr(block, "rows")]
    return {row[0].text: tuple(cell.text for cell in row) for row in table.rows}


def test_every_contestant_has_a_row_and_a_mark_the_networks_among_them(study: list[Chain]):
    section = methods(study, [write_baseline(study[0], "fractal"), write_baseline(study[0], "nuclei")])
    names = list(rows(section))
    assert {"fractal", "nuclei"} <= set(names)
    assert len(names) == 2 + len(study)
    [figure] = [each for block in section.blocks for each in getattr(block, "figures", ())]
    assert all(name in figure.alt for name in names)


def test_of_more_than_two_classes_the_means_over_all_of_them_are_shown(study: list[Chain]):
    three = write_baseline(study[0], "three", further={"accuracy": 1.0, "f_macro": 0.4321, "roc_auc_macro": 0.8765})
    section = methods(study, [three])
    assert "0.432" in rows(section)["three"][2]
    assert "0.876" in rows(section)["three"][3] or "0.877" in rows(section)["three"][3]
    assert "means of every class" in str(section.blocks[0])


def test_marks_of_networks_are_called_by_what_tells_them_apart(study: list[Chain]):
    [figure] = [each for block in methods(study, []).blocks for each in getattr(block, "figures", ())]
    words = re.findall(r">([^<>]+)</text>", figure.svg)
    cells = [each.metrics.chosen_cell for each in study]
    assert len({each.backbone for each in cells}) == 1
    assert {each.strategy for each in cells} <= set(words)
    assert not any("session" in each for each in words)


def test_descriptions_that_were_found_are_charged_to_whoever_found_them(study: list[Chain]):
    described = write(study[0].evaluation.store, "descriptions", "abc", {"metrics.json": b"{}"})
    made = write_baseline(study[0], "made")
    found = write_baseline(study[0], "found", features=(described.as_input(),))
    table = rows(methods(study, [made, found]))
    assert table["made"][4:] != table["found"][4:]
    twice = methods(study, [found])
    assert rows(twice)["found"][4:] == table["found"][4:]


def test_other_test_sets_are_said_not_to_compare(study: list[Chain]):
    alike = methods(study, [write_baseline(study[0], "alike", test_set=study[0].metrics.test_set)])
    other = methods(study, [write_baseline(study[0], "other", test_set="1" * 64)])
    said = [str(block) for block in other.blocks]
    assert any("do not compare" in each for each in said)
    assert not any("do not compare" in str(block) for block in alike.blocks)


def test_the_section_stands_behind_the_results_and_only_where_there_are_methods(study: list[Chain]):
    without = [section.slug for section in compose("A study", study).sections]
    having = [section.slug for section in compose("A study", study, 0, [write_baseline(study[0], "one")]).sections]
    assert "methods" not in without
    assert having[having.index("results") + 1] == "methods"
