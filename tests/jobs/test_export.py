"""export: a chosen session out of the store, the same model, with a card that tells the truth about it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from safetensors.torch import load

from jobs.evaluate import evaluate
from jobs.export import export
from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Statistics
from neurograde.learning.export.rebuild import rebuild
from neurograde.learning.inference.grader import samples_of
from neurograde.runtime.invocation import arguments_of_process
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.run import read_run
from tests.support.laboratory import Laboratory

ROOT = Path(__file__).parents[2]


def exported(laboratory: Laboratory, name: str = "demo", **fields: Any) -> Artefact:
    assert laboratory.run(export, name=name, evaluation="demo", **fields) == 0
    return opened(laboratory, f"exports/{name}")


def opened(laboratory: Laboratory, folder: str) -> Artefact:
    manifest = read_manifest(laboratory.store, folder)
    assert manifest is not None
    return Artefact(laboratory.store, folder, manifest)


def patches(laboratory: Laboratory) -> tuple[list[dict[str, str]], np.ndarray]:
    """Every patch of the store: its row in the index, and its pixels."""
    artefact = opened(laboratory, "patches/demo")
    rows = artefact.read_csv("index.csv")
    pixels = [np.asarray(Image.open(io.BytesIO(artefact.read(row["patch"])))) for row in rows]
    return rows, np.stack(pixels)


def test_the_graph_gives_each_patch_the_probabilities_that_predict_gives_it(laboratory: Laboratory):
    model = exported(laboratory).read("model.onnx")
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    rows, pixels = patches(laboratory)
    probabilities, calibrated = session.run(["probabilities", "calibrated"], {"patches": pixels})
    said = {
        (row["image"], row["row"], row["col"]): row
        for row in laboratory.predict("all", laboratory.images).read_csv("patches.csv")
    }
    assert len(rows) == len(said) == 16
    for place, row in enumerate(rows):
        expected = said[row["image"], row["row"], row["col"]]
        for column, label in enumerate(("PD", "D")):
            assert probabilities[place, column] == pytest.approx(float(expected[f"p_{label}"]), abs=1e-6)
            assert calibrated[place, column] == pytest.approx(float(expected[f"calibrated_{label}"]), abs=1e-6)
    for n in (1, 5):  # any batch
        assert session.run(None, {"patches": pixels[:n]})[0] == pytest.approx(probabilities[:n], abs=1e-6)


def test_the_state_dict_and_the_card_are_enough_to_have_the_network_again(laboratory: Laboratory):
    artefact = exported(laboratory)
    card = artefact.read_json("card.json")
    network = rebuild(card, load(artefact.read("model.safetensors")))
    rows, pixels = patches(laboratory)
    spec = read_run(laboratory.store, "demo").spec
    inputs = Inputs.of(spec, card["model"]["backbone"], card["input"]["patch_size_px"])
    statistics = Statistics(tuple(card["input"]["mean"]), tuple(card["input"]["std"]))
    images = inputs.batch(samples_of(list(pixels)), np.arange(len(rows)), statistics, torch.device("cpu"))
    with torch.no_grad():
        positive = torch.sigmoid(network(images)[:, 0]).numpy()
    session = onnxruntime.InferenceSession(artefact.read("model.onnx"), providers=["CPUExecutionProvider"])
    assert session.run(["probabilities"], {"patches": pixels})[0][:, 1] == pytest.approx(positive, abs=1e-6)
    with pytest.raises(RuntimeError, match="Error"):
        rebuild(
            card | {"model": card["model"] | {"backbone": "squeezenet1_1"}}, load(artefact.read("model.safetensors"))
        )


def test_the_card_says_what_the_store_knows(laboratory: Laboratory):
    artefact = exported(laboratory)
    card, evaluation = artefact.read_json("card.json"), opened(laboratory, "evaluations/demo")
    metrics = evaluation.read_json("metrics.json")
    assert card["model"]["session"] == metrics["chosen"]["session"]
    assert card["model"]["classes"] == ["PD", "D"]
    assert card["temperature"] == metrics["temperature"]["value"]
    assert card["threshold"] == metrics["threshold"]["value"] == 0.5
    test = metrics["subsets"]["test"]["patches"]
    for name, each in card["metrics"]["test"]["patches"]["metrics"].items():
        assert (each["value"], each["low"], each["high"]) == tuple(
            test["metrics"][name][key] for key in ("value", "low", "high")
        )
    assert card["metrics"]["test"]["patches"]["n"] == test["n"]
    assert card["selection"] == {
        "rule": "best", "cells": 1, "sessions": 1, "openings": metrics["openings"], "test_set": metrics["test_set"],
        "head": evaluation.manifest.head,
    }  # fmt: skip
    assert card["partition"]["independent"] is True
    assert card["partition"]["digest"] == opened(laboratory, "partitions/demo").manifest.digest
    assert [each["digest"] for each in card["provenance"]][-1] == evaluation.manifest.digest
    assert {each["artefact"].split("/")[0] for each in card["provenance"]} == {
        "patches", "partitions", "datasets", "runs", "evaluations",
    }  # fmt: skip
    assert card["licences"]["initial_weights"].startswith("random weights")
    assert card["carbon"]["kwh"] > 0
    for name in ("model.onnx", "model.safetensors"):
        record = artefact.manifest.files[name]
        assert card["files"][name] == {"format": 1, "sha256": record.sha256, "size": record.size}
    checked = card["verification"]
    assert (checked["patches"], checked["tolerance"]) == (checked["of_valid"] + 3, 1e-4)
    assert all(0 <= each < 1e-5 for each in checked["greatest_difference"].values())
    assert "centre of 46 x 46 px, from row and column 1 on" in card["input"]["steps"][1]


def test_the_card_reads_as_a_page_without_anything_left_open(laboratory: Laboratory):
    artefact = exported(laboratory)
    card, text = artefact.read_json("card.json"), artefact.read("card.md").decode()
    assert text.startswith("# demo\n\n**Research software: not for clinical use.**")
    for words in (
        "## Intended use", "No diagnosis", "## Limits", "No family and no patch, to the pixel, is in two subsets",
        f"uint8, (batch, {card['input']['patch_size_px']}", "Apache-2.0", "neurograde export SPEC",
        card["partition"]["proof_sha256"], card["files"]["model.onnx"]["sha256"], "random weights", "g CO2e",
        card["metrics"]["test"]["patches"]["metrics"]["loss"]["text"],
    ):  # fmt: skip
        assert words.lower() in text.lower(), words
    cases = card["metrics"]["cases"]
    assert "loss" in cases["mean"]["metrics"]
    assert "loss" not in cases["vote"]["metrics"]
    for digest in card["provenance"]:
        assert digest["digest"] in text
    assert "Undefined" not in text
    assert "None" not in text
    assert str(ROOT) not in text
    *_, spec, _ = text.split("```")
    assert json.loads(spec.removeprefix("json")) == card["spec"] == {
        "job": "export", "name": "demo", "evaluation": "demo",
    }  # fmt: skip
    assert laboratory.store.url not in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) > 40
    assert all(line.endswith("|") for line in table)


def test_the_code_that_the_card_shows_runs(laboratory: Laboratory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    artefact = exported(laboratory)
    for name in artefact.manifest.files:
        (tmp_path / name).write_bytes(artefact.read(name))
    Image.fromarray(patches(laboratory)[1][0]).save(tmp_path / "patch.png")
    monkeypatch.chdir(tmp_path)
    blocks = (tmp_path / "card.md").read_text().split("```python\n")[1:]
    first, second = ({}, {})
    exec(blocks[0].partition("```")[0], first)
    assert first["probabilities"].shape == first["calibrated"].shape == (1, 2)
    exec(blocks[1].partition("```")[0], second)
    assert second["network"](torch.zeros(2, 3, 46, 46)).shape == (2, 1)


def test_the_same_export_is_the_same_artefact_in_another_process_too(laboratory: Laboratory, capsys):
    first = exported(laboratory)
    assert laboratory.run(export, name="demo", evaluation="demo") == 0
    assert "up to date" in capsys.readouterr().err
    laboratory.store.clear("exports/demo")
    command = arguments_of_process("export", str(laboratory.root / "export.yaml"))
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": f"{ROOT}/lib:{ROOT}"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    again = opened(laboratory, "exports/demo").manifest
    assert again.files == first.manifest.files
    assert again.digest == first.manifest.digest
    assert str(ROOT).encode() not in first.read("model.onnx")


def test_a_model_that_differs_by_more_than_accepted_is_not_published(laboratory: Laboratory, capsys):
    assert laboratory.run(export, name="strict", evaluation="demo", tolerance=1e-12) == 65
    said = capsys.readouterr().err
    assert "tolerance: of " in said
    assert "accepted is 1e-12" in said
    assert laboratory.store.list("exports/strict") == {}


def test_what_is_missing_is_named_with_what_makes_it(laboratory: Laboratory, capsys, monkeypatch: pytest.MonkeyPatch):
    assert laboratory.run(export, name="none", evaluation="other") == 66
    said = capsys.readouterr().err
    assert "evaluations/other is not in" in said
    assert "python -m jobs.evaluate" in said
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert laboratory.run(export, name="none", evaluation="demo") == 78
    assert "export needs onnxscript: pip install 'neurograde[export]'" in capsys.readouterr().err


def test_the_card_of_a_set_standardised_by_its_own_statistics_has_the_figures_of_the_model_that_it_comes_with(
    laboratory: Laboratory,
):
    from jobs.augment import augment
    from jobs.train import train
    from tests.support.laboratory import CHAIN

    fields = dict(CHAIN)
    own = fields[augment] | {"standardisation": "per_subset"}
    assert laboratory.run(augment, name="own", **own) == 0
    assert laboratory.run(train, name="own", **fields[train] | {"dataset": "own"}) == 0
    assert laboratory.run(evaluate, name="own", **fields[evaluate] | {"run": "own"}) == 0
    assert laboratory.run(export, name="own", evaluation="own") == 0
    card = opened(laboratory, "exports/own").read_json("card.json")
    metrics = opened(laboratory, "evaluations/own").read_json("metrics.json")
    of_model = metrics["test_standardised_as_train"]["patches"]["metrics"]["loss"]["value"]
    assert card["metrics"]["test"]["patches"]["metrics"]["loss"]["value"] == of_model
    in_report = metrics["subsets"]["test"]["patches"]["metrics"]["loss"]["value"]
    assert card["metrics"]["as_in_the_report"]["metrics"]["loss"]["value"] == in_report != of_model
    assert any("standardises by those of train" in each for each in card["limits"])
