"""The demo is the study in small: what its page needs to have every figure is in its specs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from neurograde.cluster.study import read_study
from neurograde.runtime.chain_check import check_chain
from neurograde.runtime.spec_folder import specs_in_order
from neurograde.runtime.specfile import load, validate
from neurograde.specs.grid import expand
from neurograde.specs.train import TrainSpec

DEMO = Path(__file__).parents[2] / "specs" / "demo"
MOST_SESSION_EPOCHS = 1_700
"""What two cores train in minutes: a session-epoch of the demo takes some tenths of a second at most."""


@pytest.fixture(scope="module")
def specs() -> list[dict[str, Any]]:
    return [load(source) for job, source in specs_in_order(DEMO) if job != "features"]


def of(specs: list[dict[str, Any]], job: str) -> dict[str, dict[str, Any]]:
    return {spec["name"]: spec for spec in specs if spec["job"] == job}


def test_three_strategies_are_searched_on_a_grid_of_three_rates_and_two_sizes(specs: list[dict[str, Any]]):
    grids = of(specs, "train")
    depths = {name: [dict(strategy) for strategy in grids[name]["strategies"]] for name in ("extension", "unfreezing")}
    assert [strategy["non_linearities"] for strategy in depths["extension"]] == [1, 2]
    assert [strategy["layers"] for strategy in depths["unfreezing"]] == [1, 2]
    for name in ("straightforward", "extension", "unfreezing"):
        assert (len(grids[name]["learning_rates"]), len(grids[name]["batch_sizes"])) == (3, 2)
        assert grids[name]["repeats"] > 1
    assert len(grids["straightforward"]["backbones"]) == 2


def test_the_leak_experiments_differ_in_their_data_set_alone_and_2_deals_samples(specs: list[dict[str, Any]]):
    leaks = [of(specs, "train")[f"leak-{number}"] for number in (0, 1, 2)]
    assert [spec["dataset"] for spec in leaks] == ["demo", "exchange", "samples"]
    rest = [{key: value for key, value in spec.items() if key not in ("name", "dataset")} for spec in leaks]
    assert rest == [rest[0]] * 3
    dealt = {name: spec.get("correlate") for name, spec in of(specs, "partition").items()}
    assert dealt["demo"] is None
    assert dealt["exchange"]["mode"] == "exchange"
    assert dealt["samples"]["level"] == "sample"


def test_images_are_pre_cropped_by_their_table_and_every_evaluation_is_on_the_page(specs: list[dict[str, Any]]):
    assert of(specs, "synthesise")["demo"]["labels"] is True
    assert of(specs, "patch")["demo"]["source"]["table"] == "labels.csv"
    [report] = of(specs, "report").values()
    assert sorted(report["evaluations"]) == sorted(of(specs, "evaluate")) == sorted(of(specs, "train"))
    assert report["baselines"] == list(of(specs, "baseline"))
    [predicted] = of(specs, "predict").values()
    assert (DEMO.parents[1] / predicted["images"]).is_file()


def test_the_demo_stays_a_matter_of_minutes(specs: list[dict[str, Any]]):
    grids = [expand(validate(TrainSpec, spec, name), ()) for name, spec in of(specs, "train").items()]
    sessions = [session for grid in grids for shard in grid.shards for session in shard.sessions]
    assert sum(session.epochs for session in sessions) <= MOST_SESSION_EPOCHS


def test_the_chain_finds_nothing_to_complain_of(memory_url: str):
    checked = check_chain(DEMO, store=memory_url)
    assert [job for job, _ in checked.steps][:2] == ["synthesise", "patch"]
    assert {"baseline", "predict", "report"} <= {job for job, _ in checked.steps}


def test_no_pod_misses_a_table_that_the_image_set_brings_along():
    assert read_study(str(DEMO), store="gs://bucket/demo").local_places() == []
