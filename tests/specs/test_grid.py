"""From a train spec to its grid: cells, rows, shards, and how long each session trains."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from neurograde.errors import DataError
from neurograde.specs.grid import expand, row_of, rows
from neurograde.specs.records import Grid
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import parse_record


def spec(**fields: Any) -> TrainSpec:
    return TrainSpec.parse(
        {
            "job": "train",
            "name": "grid",
            "store": "memory://",
            "region": "FRA",
            "dataset": "data",
            "classes": ["PD", "D"],
            "positive": "D",
            "backbones": [{"name": "resnet18", "weights": "none"}, {"name": "vgg19", "weights": "none"}],
            "strategies": [{"kind": "straightforward"}, {"kind": "extension", "non_linearities": 2}],
            "learning_rates": [1e-3, 1e-5],
            "batch_sizes": [8, 128],
            "repeats": 3,
            "epochs": 5,
            "seed": 1,
        }
        | fields
    )


RULES = [{"min_learning_rate": 1e-4, "max_batch_size": 32, "epochs": 25}, {"max_batch_size": 32, "epochs": 50}]


def test_the_first_rule_that_holds_says_how_long_a_cell_trains():
    ruled = spec(epochs=[*RULES, {"epochs": 100}])
    [shard] = [each for each in expand(ruled, ()).shards if each.name == "vgg19-straightforward"]
    assert {(each.learning_rate, each.batch_size): each.epochs for each in shard.sessions} == {
        (1e-3, 8): 25,
        (1e-3, 128): 100,
        (1e-5, 8): 50,
        (1e-5, 128): 100,
    }
    assert ruled.longest == 100


def test_a_cell_that_no_rule_holds_for_is_refused_by_name():
    with pytest.raises(ValidationError, match=r"no rule holds for learning rate 0\.001 with batch size 128"):
        spec(epochs=RULES)


def test_rules_may_name_networks_and_strategies():
    rules = [
        {"backbones": ["vgg19"], "strategies": ["extension2"], "epochs": 100},
        {"strategies": ["extension"], "min_learning_rate": 1e-4, "epochs": 50},
        {"epochs": 25},
    ]
    shards = expand(spec(epochs=rules), ()).shards
    epochs = {shard.name: {session.learning_rate: session.epochs for session in shard.sessions} for shard in shards}
    assert epochs == {
        "resnet18-straightforward": {1e-3: 25, 1e-5: 25},
        "resnet18-extension2": {1e-3: 50, 1e-5: 25},
        "vgg19-straightforward": {1e-3: 25, 1e-5: 25},
        "vgg19-extension2": {1e-3: 100, 1e-5: 100},
    }
    assert spec(epochs=rules).longest == 100


def test_a_rule_for_one_network_alone_leaves_the_others_without():
    with pytest.raises(ValidationError, match=r"no rule holds .* of resnet18 with straightforward; end the list"):
        spec(epochs=[{"backbones": ["vgg19"], "epochs": 5}])


@pytest.mark.parametrize(
    ("rule", "accepted"),
    [
        ({"backbones": ["vgg16"]}, "epochs: backbones: 'vgg16' is not in this grid; accepted: resnet18, vgg19"),
        ({"strategies": ["unfreezing"]}, "epochs: strategies: 'unfreezing' is not in this grid; accepted: extension"),
    ],
)
def test_a_rule_for_what_the_grid_lacks_is_refused(rule: dict[str, list[str]], accepted: str):
    with pytest.raises(ValidationError, match=accepted):
        spec(epochs=[{**rule, "epochs": 5}, {"epochs": 25}])


@pytest.mark.parametrize("width", [None, 5, 12])
def test_rows_hold_every_shard_once_and_every_session_in_its_row(width: int | None):
    shards = expand(spec(sessions_per_shard=width), ()).shards
    found = rows(shards)
    assert list(found) == [
        "resnet18-straightforward",
        "resnet18-extension2",
        "vgg19-straightforward",
        "vgg19-extension2",
    ]
    assert [shard for row in found.values() for shard in row] == list(shards)
    for row, members in found.items():
        assert {row_of(shard) for shard in members} == {row}
        assert all(session.id.startswith(f"{row}-lr") for shard in members for session in shard.sessions)
        assert sum(len(shard.sessions) for shard in members) == 2 * 2 * 3
        assert len(members) == -(-12 // (width or 12))


def test_a_grid_is_frozen_under_its_digest_and_a_changed_session_is_noticed():
    grid = expand(spec(), ())
    assert Grid.parse(json.loads(grid.encode())) == grid
    assert expand(spec(), ()).encode() == grid.encode()
    assert expand(spec(seed=2), ()).digest != grid.digest
    changed = json.loads(grid.encode())
    changed["shards"][0]["sessions"][0]["learning_rate"] = 0.5
    with pytest.raises(DataError, match=r"runs/grid/grid\.json: .*it records the digest"):
        parse_record(Grid, json.dumps(changed).encode(), "runs/grid/grid.json")
    del changed["digest"]  # as the first versions wrote it
    assert parse_record(Grid, json.dumps(changed).encode(), "grid.json").digest is None
