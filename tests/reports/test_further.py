"""Cases, the repeats averaged and the temperature on the page."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from jobs.evaluate import evaluate
from neurograde.reports.blocks import Figures, Tables
from neurograde.reports.sections.further import further
from neurograde.specs.results.evaluation import EvaluationResult
from neurograde.storage.store import Store
from tests.support.finished import write_run


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """metrics.json of a real evaluation."""
    folder: Path = tmp_path_factory.mktemp("evaluated")
    url = f"file://{folder}/store"
    write_run(url)
    fields = {"run": "grid", "opens": "best", "seed": 1, "resamples": 100, "workers": 1, "region": "FRA"}
    (folder / "spec.yaml").write_text(json.dumps({"job": "evaluate", "name": "demo", "store": url} | fields))
    assert evaluate.main([str(folder / "spec.yaml")]) == 0
    return json.loads(Store(url).get("evaluations/demo/metrics.json"))


def tables(metrics: dict) -> dict[str, list[dict[str, str]]]:
    block, figures = further("demo", EvaluationResult.model_validate_json(json.dumps(metrics)))
    assert isinstance(block, Tables)
    assert isinstance(figures, Figures)
    return {each.slug: list(csv.DictReader(io.StringIO(each.csv().decode()))) for each in block.tables}


def values(rows: list[dict[str, str]], what: str) -> dict[str, float]:
    return {row["metric"]: float(row["value"]) for row in rows if row["what"] == what}


def test_the_tables_hold_the_numbers_of_the_evaluation(metrics: dict):
    found = tables(metrics)
    assert list(found) == ["cases-demo", "ensemble-demo", "temperature-demo"]
    for how in ("mean", "vote", "top_k"):
        for name, value in values(found["cases-demo"], how).items():
            assert value == metrics["cases"]["subsets"]["test"][how]["metrics"][name]["value"]
    change = metrics["ensemble"]["less_chosen"]["test"]["patches"]
    assert values(found["ensemble-demo"], "difference") == {name: each["value"] for name, each in change.items()}
    after = metrics["temperature"]["subsets"]["test"]["after"]
    assert values(found["temperature-demo"], "after") == {name: each["value"] for name, each in after.items()}


def test_the_figure_says_in_words_how_far_off_it_is_before_and_after(metrics: dict):
    *_, figures = further("demo", EvaluationResult.model_validate_json(json.dumps(metrics)))
    alt = figures.figures[0].alt
    errors = (
        metrics["temperature"]["subsets"]["test"][when]["calibration_error"]["value"] for when in ("before", "after")
    )
    assert alt.endswith("an error of {:.3f} before and an error of {:.3f} after.".format(*errors))
    assert "24 valid patches" in figures.caption


def test_an_evaluation_of_before_has_no_such_blocks(metrics: dict):
    old = {name: each for name, each in metrics.items() if name not in ("cases", "ensemble", "temperature")}
    assert further("demo", EvaluationResult.model_validate_json(json.dumps(old))) == []
    lone = metrics | {"ensemble": None}
    assert list(tables(lone)) == ["cases-demo", "temperature-demo"]
