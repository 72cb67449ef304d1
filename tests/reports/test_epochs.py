"""Rules of epochs on the page: written out as a table where the sessions of a grid differ."""

from __future__ import annotations

from typing import Any

from neurograde.reports.sections.training import training
from neurograde.storage.store import Store
from tests.support.page import chains
from tests.support.study import GRID_OF_SIX, Study


def table(url: str, epochs: Any) -> list[list[str]]:
    study = Study(Store(url), ("D", "PD"), interrupted=False)
    study.quick = True
    backbones = [{"name": name, "weights": "none"} for name in ("resnet18", "vgg19")]
    study.grid = {**GRID_OF_SIX, "backbones": backbones, "batch_sizes": [8, 32], "epochs": epochs}
    patches = study.patches(study.publish("images", "stand-in", job="synthesise", marks=("synthetic",), hours=0.01))
    study.evaluation("ruled", patches, leaks=False)
    blocks = training(chains(url, "ruled")).blocks
    tables = [block for block in blocks if getattr(block, "slug", "") == "epochs-ruled"]
    return [[cell.text for cell in row] for block in tables for row in block.rows]


def test_networks_of_the_same_epochs_share_their_rows(tmp_path):
    rules = [{"backbones": ["vgg19"], "max_batch_size": 8, "epochs": 100}, {"min_learning_rate": 1e-3, "epochs": 25}]
    assert table(f"file://{tmp_path}", [*rules, {"epochs": 50}]) == [
        ["resnet18 extension4", "8", "50", "25"],
        ["resnet18 extension4", "32", "50", "25"],
        ["vgg19 extension4", "8", "100", "100"],
        ["vgg19 extension4", "32", "50", "25"],
    ]


def test_rules_by_setting_alone_are_those_of_all_networks(tmp_path):
    rows = table(f"file://{tmp_path}", [{"max_batch_size": 8, "epochs": 100}, {"epochs": 50}])
    assert rows == [["all", "8", "100", "100"], ["all", "32", "50", "50"]]


def test_one_number_for_all_needs_no_table(tmp_path):
    assert table(f"file://{tmp_path}", 12) == []
