"""Spec files: YAML as people mean it, every mistake named at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from neurograde.errors import SpecError, UsageError
from neurograde.runtime.spec_folder import sibling_spec, specs_in_order
from neurograde.runtime.specfile import dump, load, spec_files, validate
from neurograde.specs.train import TrainSpec

TRAIN: dict[str, Any] = {
    "format": 1,
    "job": "train",
    "name": "demo",
    "store": "memory://x",
    "region": "FRA",
    "dataset": "demo",
    "classes": ["PD", "D"],
    "positive": "D",
    "backbones": [{"name": "leaknet", "weights": "none"}],
    "strategies": [{"kind": "extension", "non_linearities": 4}],
    "learning_rates": [0.001],
    "batch_sizes": [8],
    "repeats": 2,
    "epochs": 3,
    "seed": 0,
}


def mistakes(**changes: object) -> str:
    with pytest.raises(SpecError) as caught:
        validate(TrainSpec, TRAIN | changes, "train.yaml")
    return str(caught.value)


def write(tmp_path: Path, text: str, name: str = "spec.yaml") -> str:
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


def test_a_valid_spec_passes():
    assert validate(TrainSpec, TRAIN, "train.yaml").strategies[0].label == "extension4"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 3}, "train.yaml: epoch: unknown key; did you mean epochs?"),
        ({"learning_rates": [-1]}, "train.yaml: learning_rates.0: -1: Input should be greater than 0"),
        ({"epochs": "3"}, "train.yaml: epochs: '3': Input should be a valid integer"),
        ({"epochs": 2.5}, "train.yaml: epochs: 2.5: "),
        ({"positive": "X"}, "train.yaml: the spec: positive 'X' must be one of the classes ['PD', 'D']"),
        ({"name": "../escape"}, "train.yaml: name: '../escape': String should match pattern"),
        ({"format": 2}, "train.yaml: format: 2: format 2 is newer than this neurograde"),
        ({"job": "patch"}, "train.yaml: job: 'patch': Input should be 'train'"),
        ({"strategies": [{"kind": "magic"}]}, "train.yaml: strategies.0: Input tag 'magic'"),
        ({"learning_rates": [0.1, 0.1]}, "learning_rates [0.1, 0.1] must differ"),
        ({"classes": ["YES", False]}, "classes.1: False: Input should be a valid string; NO, off, true and such words"),
        ({"classes": [1, 2]}, "classes.0: 1: Input should be a valid string; put it in quotes: '1'"),
        ({"crop": True}, "and such words are yes or no in YAML: put it in quotes"),
        (
            {"name": None},
            "a valid string; if the word null or ~ is meant, put it in quotes",
        ),
        ({"epochs": "0144"}, "epochs: '0144': Input should be a valid integer; some readers of YAML take a leading 0"),
        ({"seed": "1:40"}, "write a decimal number"),
    ],
)
def test_a_mistake_names_file_key_value_and_what_is_accepted(changes: dict[str, object], message: str):
    assert message in mistakes(**changes)


def test_a_mistake_is_told_once():
    assert len(mistakes(learning_rates=[-1.0]).splitlines()) == 1
    assert "at least 1 item" in mistakes(learning_rates=[])


def test_every_mistake_is_listed_one_a_line():
    assert len(mistakes(epochs=0, repeats="x", colour="red").splitlines()) == 3


def test_a_missing_key_is_named():
    with pytest.raises(SpecError, match=r"train\.yaml: epochs: required"):
        validate(TrainSpec, {k: v for k, v in TRAIN.items() if k != "epochs"}, "train.yaml")


def test_an_exponent_is_a_number_without_a_dot(tmp_path: Path):
    assert load(write(tmp_path, "rates: [1e-3, 3E-5, 1.5e+2, -2e2]\ntext: e3\nhex: 1e\n")) == {
        "rates": [1e-3, 3e-5, 150.0, -200.0],
        "text": "e3",
        "hex": "1e",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "'a' is given twice"),
        ("a: [1\n", "not valid YAML"),
        ("- 1\n", "a spec is a mapping"),
        ("a: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
    ],
)
def test_text_that_is_no_spec_is_refused_by_name(tmp_path: Path, text: str, message: str):
    path = write(tmp_path, text)
    with pytest.raises(SpecError, match=r"spec\.yaml") as caught:
        load(path)
    assert message in str(caught.value)


def test_a_spec_that_is_written_down_is_read_back_as_it_was(tmp_path: Path):
    path = tmp_path / "spec.yaml"
    data = {"rates": [1e-3, 0.1], "name": "1e-3", "pattern": r"(?P<class>[^/]+)\1", "none": None, "share": "1/3",
            "words": ["no", "2026-11-01", "über é", "a: b", " "], "nested": {"yes": True}, "job": "train"}  # fmt: skip
    path.write_bytes(dump(data))
    assert load(str(path)) == data
    assert list(load(str(path)))[:2] == ["job", "name"]


def test_a_spec_that_is_not_there_is_a_usage_error(tmp_path: Path):
    with pytest.raises(UsageError, match="no such spec file"):
        load(str(tmp_path / "none.yaml"))


def test_what_a_spec_extends_stands_where_it_is_silent(tmp_path: Path):
    write(tmp_path, "store: base\nregion: FRA\n", "common.yaml")
    assert load(write(tmp_path, "extends: common.yaml\nstore: own\n")) == {"store": "own", "region": "FRA"}


@pytest.mark.parametrize("value", ['""', '" "', "3", "[a]", "null", "a" * 5000, '"\\0"', '"\\ud800"'])
def test_a_spec_that_extends_what_no_file_can_be_is_refused_by_name(tmp_path: Path, value: str):
    with pytest.raises(SpecError, match=r"spec\.yaml: .*(extends|line 1)"):
        load(write(tmp_path, f"extends: {value}\njob: patch\n"))


def test_hidden_files_are_no_specs_and_siblings_that_are_none_are_passed_over(tmp_path: Path):
    write(tmp_path, "job: patch\nname: p\n", "patch.yaml")
    write(tmp_path, "- a list\n", "a-list.yaml")
    (tmp_path / "._patch.yaml").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(40))
    own = write(tmp_path, "job: partition\nname: q\n", "partition.yaml")
    assert [path.name for path in spec_files(tmp_path)] == ["a-list.yaml", "partition.yaml", "patch.yaml"]
    assert sibling_spec(own, "patch", "p") == str(tmp_path / "patch.yaml")
    assert sibling_spec(own, "patch", "q") is None


def test_a_job_that_is_no_text_is_a_usage_error_of_the_chain(tmp_path: Path):
    write(tmp_path, "job: [patch]\n", "patch.yaml")
    with pytest.raises(UsageError, match=r"patch\.yaml: job: \['patch'\]"):
        specs_in_order(tmp_path)


def test_a_mistake_in_a_file_that_is_extended_names_that_file_and_the_spec(tmp_path: Path):
    own = {key: value for key, value in TRAIN.items() if key not in ("region", "store")}
    write(tmp_path, "region: 3\n", "far.yaml")
    write(tmp_path, "extends: far.yaml\nstore: memory://x\n", "common.yaml")
    path = write(tmp_path, json.dumps(own | {"extends": "common.yaml", "epochs": 0}), "train.yaml")
    with pytest.raises(SpecError) as caught:
        validate(TrainSpec, load(path), path)
    assert caught.value.args[0].startswith(f"{tmp_path}/far.yaml, extended by {path}: region: 3: ")
    assert caught.value.args[1].startswith(f"{path}: epochs: 0: ")


def test_overrides_reach_into_lists_and_are_read_as_yaml(tmp_path: Path):
    path = write(tmp_path, "a: {b: [1, 2]}\nstore: x\n")
    data = load(path, ["a.b.1=1e-3", "c.d=[x, y]"], store="memory://y")
    assert data == {"a": {"b": [1, 1e-3]}, "c": {"d": ["x", "y"]}, "store": "memory://y"}


@pytest.mark.parametrize("override", ["a", "=1", "a.b.9=1", "a.b.x=1", "a=[1", "a=!!int x", "a=*b", "a=[[[" + 60 * "["])
def test_an_override_without_a_place_is_a_usage_error(tmp_path: Path, override: str):
    with pytest.raises(UsageError, match="--set"):
        load(write(tmp_path, "a: {b: [1, 2]}\n"), [override])


def test_placement_stays_out_of_the_digest_and_everything_else_is_in_it():
    digest = validate(TrainSpec, TRAIN, "x").digest()
    moved = TRAIN | {"store": "gs://b", "region": "DEU", "workers": 7, "device": "cpu"}
    assert validate(TrainSpec, moved, "x").digest() == digest
    assert validate(TrainSpec, TRAIN | {"seed": 1}, "x").digest() != digest


def test_a_default_that_is_spelled_out_changes_no_digest():
    assert (
        validate(TrainSpec, TRAIN | {"keep_last": 2, "crop": "random"}, "x").digest()
        == validate(TrainSpec, TRAIN, "x").digest()
    )


def test_files_that_extend_each_other_under_other_names_are_refused(tmp_path: Path):
    with pytest.raises(SpecError, match="files cannot extend each other in a circle"):
        load(write(tmp_path, "extends: ./spec.yaml\njob: patch\n"))
