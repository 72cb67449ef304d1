"""The ledgers of test sets, from the jobs that open them to the job that checks them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.evaluate import evaluate
from jobs.patch import patch
from jobs.verify import verify
from neurograde.reports.blocks import Statistics
from neurograde.reports.openings import openings_of
from neurograde.reports.sections.answer import answer
from neurograde.specs.records import Opening
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.ledger import read_ledger
from neurograde.storage.store import Store
from tests.support.images import PATTERN, paint
from tests.support.laboratory import Laboratory
from tests.support.page import chains

EVALUATE: dict[str, Any] = {"run": "demo", "opens": "best", "seed": 1, "resamples": 100, "workers": 1}


def cut(laboratory: Laboratory, name: str, images: Path, size_px: int) -> None:
    source = {"url": str(images), "pattern": PATTERN}
    assert laboratory.run(patch, name=name, source=source, patch_size_px=size_px, min_tissue_share=0.1) == 0


def opened_on(laboratory: Laboratory, name: str) -> tuple[dict[str, Any], list[str]]:
    """Evaluate on external patches; returns what was opened, and the notes."""
    assert laboratory.run(evaluate, **EVALUATE | {"name": f"on-{name}", "external": name}) == 0
    manifest = read_manifest(laboratory.store, f"evaluations/on-{name}")
    metrics = Artefact(laboratory.store, f"evaluations/on-{name}", manifest).read_json("metrics.json")
    return metrics["external"], metrics["notes"]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Images of two families a class that no network has seen."""
    for label in ("D", "PD"):
        for case in range(2):
            paint(tmp_path / "elsewhere" / label / f"{label} far {case}_1.png", 500 + 10 * case + len(label))
    return tmp_path / "elsewhere"


def test_another_patch_size_counts_on_and_another_family_is_an_overlap(laboratory: Laboratory, elsewhere: Path):
    cut(laboratory, "large", elsewhere, 60)
    cut(laboratory, "small", elsewhere, 48)
    first, _ = opened_on(laboratory, "large")
    second, notes = opened_on(laboratory, "small")
    assert (first["openings"], second["openings"]) == (1, 2)
    assert first["test_set"] == second["test_set"]
    assert not any("shares" in note for note in notes)
    paint(elsewhere / "D" / "D new_1.png", 999)
    cut(laboratory, "more", elsewhere, 48)
    third, notes = opened_on(laboratory, "more")
    assert third["openings"] == 1
    said = f"external shares 4 families with the test set {first['test_set'][:12]}, which was opened 2 times"
    assert any(note.startswith(said) for note in notes)


def test_an_old_ledger_is_found_through_the_evaluation_that_it_names(laboratory: Laboratory, tmp_path: Path):
    for label in ("D", "PD"):
        paint(tmp_path / "old" / label / f"{label} old_1.png", 700 + len(label))
    cut(laboratory, "old-large", tmp_path / "old", 60)
    cut(laboratory, "old-small", tmp_path / "old", 48)
    first, _ = opened_on(laboratory, "old-large")
    (record,) = read_ledger(laboratory.store, first["test_set"])
    assert record.patches is not None
    laboratory.store.clear(f"ledgers/{first['test_set']}")
    old = record.model_copy(update={"test_set": record.patches, "patches": None, "before": None})
    laboratory.store.create(f"ledgers/{record.patches}/0001.json", old.encode())
    second, _ = opened_on(laboratory, "old-small")
    assert second == {"patches": "old-small", "test_set": first["test_set"], "openings": 2}
    laboratory.store.clear("evaluations/on-old-large")  # it names the record that was rewritten here


def test_grades_of_images_of_a_test_set_are_logged_as_a_look(laboratory: Laboratory, tmp_path: Path):
    manifest = read_manifest(laboratory.store, "evaluations/demo")
    assert manifest is not None
    (entry,) = manifest.openings
    laboratory.predict("peek", laboratory.images)
    *_, look = read_ledger(laboratory.store, entry.ledger)
    listed = json.loads(laboratory.store.get(f"ledgers/{entry.ledger}/images.json"))
    assert (look.evaluation, look.looked_at) == ("peek", len(listed))
    before = laboratory.store.list("ledgers")
    paint(tmp_path / "new" / "unknown.png", 1234)
    laboratory.predict("no-peek", tmp_path / "new")
    assert laboratory.store.list("ledgers") == before


def gone(store: Store, key: str) -> None:
    store.delete(key)


def edited(store: Store, key: str) -> None:
    record = Opening.parse(store.get(key))
    store.put(key, record.model_copy(update={"at": "2020-01-01T00:00:00+00:00"}).encode())


@pytest.mark.parametrize("harm", [gone, edited])
def test_verify_holds_evaluations_and_ledger_against_each_other(
    laboratory: Laboratory, tmp_path: Path, capsys: pytest.CaptureFixture[str], harm: Callable[[Store, str], None]
):
    shutil.copytree(laboratory.root / "store", tmp_path / "store")
    store = Store(f"file://{tmp_path}/store")
    manifest = read_manifest(store, "evaluations/demo")
    assert manifest is not None
    (entry,) = manifest.openings
    assert verify.main([store.url]) == 0
    for key in [key for key in store.list(f"ledgers/{entry.ledger}") if not key.endswith(("0001.json", "images.json"))]:
        store.delete(key)  # so that no later record tells of the first
    harm(store, f"ledgers/{entry.ledger}/{entry.number:04d}.json")
    capsys.readouterr()
    assert verify.main([store.url]) == 65
    assert f"ledgers/{entry.ledger}" in capsys.readouterr().out


@pytest.fixture
def ask(laboratory: Laboratory, tmp_path: Path) -> Callable[..., int]:
    """Evaluate the laboratory's run in a copy of its store, in which its test set was opened once."""
    shutil.copytree(laboratory.root / "store", tmp_path / "store")
    store = Store(f"file://{tmp_path}/store")
    for key in [key for key in store.list("ledgers") if not key.endswith(("0001.json", "images.json"))]:
        store.delete(key)

    def ask(name: str, **fields: object) -> int:
        spec = EVALUATE | {"job": "evaluate", "name": name, "store": store.url, "region": "FRA"} | fields
        path = tmp_path / f"{name}.yaml"
        path.write_text(json.dumps(spec))
        return evaluate.main([str(path)])

    return ask


def metrics_of(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / f"store/evaluations/{name}/metrics.json").read_text())


def test_one_opening_more_than_planned_ends_with_73_and_names_those_before(
    ask: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    store = Store(f"file://{tmp_path}/store")
    before = store.list("ledgers")
    assert ask("second", seed=2, planned_openings=1) == 73
    error = json.loads(capsys.readouterr().err.splitlines()[-1])["event"]
    assert "planned_openings: 1: the test set" in error
    assert "was opened by demo (20" in error
    assert store.list("ledgers") == before
    assert not store.list("evaluations/second")
    assert ask("second", seed=2, planned_openings=2) == 0
    assert metrics_of(tmp_path, "second")["openings"] == 2
    store.clear("evaluations/second")
    assert ask("second", seed=2, planned_openings=1) == 0  # the same question is free
    assert metrics_of(tmp_path, "second")["openings"] == 2


def test_openings_that_another_store_records_are_counted_and_stated(
    ask: Callable[..., int], laboratory: Laboratory, tmp_path: Path
):
    metrics = metrics_of(tmp_path, "demo")
    assert "elsewhere" not in metrics
    there = sum(record.looked_at is None for record in read_ledger(laboratory.store, metrics["test_set"]))
    assert there > 0
    assert ask("second", seed=2, other_stores=[laboratory.store.url]) == 0
    second = metrics_of(tmp_path, "second")
    assert (second["openings"], second["elsewhere"]) == (2, there)
    assert f"test was opened {there} times in other stores" in second["notes"]


def test_the_page_counts_openings_that_came_after_its_evaluation(ask: Callable[..., int], tmp_path: Path):
    assert ask("second", seed=2) == 0
    first, second = chains(f"file://{tmp_path}/store", "demo", "second")
    assert openings_of(first).words == "2 in this store, this was the first"
    assert openings_of(second).words == "2 in this store, this was the second"
    [openings] = [
        statistic
        for block in answer([first]).blocks
        if isinstance(block, Statistics)
        for statistic in block.statistics
        if statistic.label == "Test set openings"
    ]
    assert openings.value == "2"
    assert openings.note.startswith("2 in this store, this was the first")
