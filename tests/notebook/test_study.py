"""A store in Python: its tables are what the jobs wrote, on files and on both clouds, and nothing is written."""

from __future__ import annotations

import contextlib
import doctest
import re
import shutil
import sys
import types
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import neurograde
from neurograde.errors import DigestMismatch, MissingUpstream, SpecError
from neurograde.evaluation.session_table import SessionRow
from neurograde.notebook import tables
from neurograde.specs.catalogue import KINDS
from neurograde.specs.results.evaluation import EvaluationResult
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store
from tests.repo.store_layout import layout
from tests.support.finished import write_run

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "store"
README = ROOT / "lib" / "neurograde" / "notebook" / "README.md"
TABLES = ("artefacts", "history", "ledger", "partition", "predictions", "runs", "samples", "sessions")


@pytest.fixture
def golden() -> neurograde.notebook.study.Study:
    return neurograde.open(str(GOLDEN))


def test_the_session_of_the_readme_is_what_python_prints(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testfile(str(README), module_relative=False)
    assert (failed, tried > 15) == (0, True)


def test_the_recipes_for_other_tools_hand_over_every_session_and_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_run(f"file://{tmp_path}/out/study")
    handed = stand_ins(monkeypatch)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL):
        if ">>>" not in code:
            exec(code, names)
    sessions, epochs, curves = 6, 4, 4
    assert Counter(tool for tool, _ in handed) == {
        "params": sessions, "mlflow": sessions * epochs, "wandb": sessions * epochs,
        "tensorboard": sessions * epochs * curves,
    }  # fmt: skip
    assert ("mlflow", {"train_loss": 0.7, "train_accuracy": 0.5, "valid_loss": 0.7, "valid_accuracy": 0.5}) in handed


def stand_ins(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Put modules in the place of MLflow, TensorBoard and W&B; return the list of what they are handed."""
    handed: list[tuple[str, Any]] = []

    class Writer:
        def __init__(self, name: str) -> None:
            self.name = name

        def add_scalar(self, name: str, value: float, epoch: int) -> None:
            handed.append(("tensorboard", (name, value, epoch)))

        def log(self, values: dict[str, float], step: int) -> None:
            handed.append(("wandb", values))

    mlflow = types.SimpleNamespace(
        start_run=lambda run_name: contextlib.nullcontext(run_name),  # noqa: PLW0108  by this name
        log_params=lambda values: handed.append(("params", values)),
        log_metrics=lambda values, step: handed.append(("mlflow", values)),
    )
    wandb = types.SimpleNamespace(init=lambda project, name, config: contextlib.nullcontext(Writer(name)))
    tensorboard = types.SimpleNamespace(SummaryWriter=lambda folder: contextlib.nullcontext(Writer(folder)))
    for name, module in (("mlflow", mlflow), ("wandb", wandb), ("torch.utils.tensorboard", tensorboard)):
        monkeypatch.setitem(sys.modules, name, module)
    return handed


def test_tables_are_read_on_a_bucket_as_from_files(bucket):
    store = bucket.store()
    for path in GOLDEN.rglob("*"):
        if path.is_file() and path.parts[len(GOLDEN.parts)] not in ("images", "features"):
            store.put(path.relative_to(GOLDEN).as_posix(), path.read_bytes())
    before = store.list()
    there, here = neurograde.open(bucket.url), neurograde.open(GOLDEN.as_uri())
    for name in TABLES[1:]:
        assert getattr(there, name)().equals(getattr(here, name)()), name
    assert there.figure("partitions/golden", "targets")._repr_svg_().startswith("<?xml")
    assert store.list() == before


def test_a_session_has_the_epoch_and_the_values_of_the_evaluation(golden):
    recorded = Artefact(
        Store(str(GOLDEN)), "evaluations/golden", read_manifest(Store(str(GOLDEN)), "evaluations/golden")
    )
    [result] = recorded.read_result(EvaluationResult, "metrics.json").sessions
    [row] = golden.sessions("golden").to_dict("records")
    assert (row["best_epoch"], row["loss"], row["valid_loss"], row["train_accuracy"]) == (
        result.best_loss.epoch, result.best_loss.loss, result.best_loss.valid_loss, result.best_loss.train_accuracy,
    )  # fmt: skip
    assert row["accuracy"] == result.best_accuracy.accuracy
    shard = golden.manifest("runs/golden/squeezenet1_1-straightforward")
    assert row["co2e_g"] == pytest.approx(1000 * shard.carbon["co2e_kg_tdp"])


def test_sessions_that_diverged_or_are_not_done_have_no_best_epoch(tmp_path: Path):
    write_run(f"file://{tmp_path}", shards=1, diverged={"lr0.01-b4-r01": 2})
    rows = neurograde.open(f"file://{tmp_path}").sessions()
    assert rows.state.tolist() == ["done", "diverged", "done", "unfinished", "unfinished", "unfinished"]
    assert rows.best_epoch.isna().tolist() == [False, True, False, True, True, True]
    assert rows.diverged.tolist()[1] == 2
    assert list(rows.columns) == list(SessionRow._fields)


def test_a_name_of_digits_stays_text(tmp_path: Path):
    store = tmp_path / "store"
    shutil.copytree(GOLDEN, store)
    frame = tables.table_of_texts([{"family": "007", "p_D": "0.5"}], {"evaluation": "e"}, "p_")
    assert frame.to_dict("records") == [{"evaluation": "e", "family": "007", "p_D": 0.5}]


def test_without_pandas_the_tables_are_lists_of_dicts(golden, monkeypatch: pytest.MonkeyPatch):
    frames = {name: getattr(golden, name)() for name in TABLES}
    monkeypatch.setitem(sys.modules, "pandas", None)
    for name, frame in frames.items():
        records = getattr(golden, name)()
        assert isinstance(records, list)
        assert [list(record) for record in records] == [list(frame.columns)] * len(frame), name


def test_a_file_that_was_changed_is_refused(tmp_path: Path):
    shutil.copytree(GOLDEN, tmp_path / "store")
    path = tmp_path / "store" / "evaluations" / "golden" / "predictions.csv"
    path.write_text(path.read_text().replace("0.65", "0.66", 1))
    with pytest.raises(DigestMismatch, match=r"predictions\.csv has sha256"):
        neurograde.open(str(tmp_path / "store")).predictions()


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda study: study.sessions("x"), MissingUpstream, "has no runs/x; it has: golden"),
        (lambda study: study.manifest("evaluations/x"), MissingUpstream, "has no evaluations/x; it has: golden"),
        (lambda study: study.names("tea"), MissingUpstream, "'tea' is no kind of artefact; accepted: baselines, "),
        (lambda study: study.read("evaluations/golden", "x"), MissingUpstream, "has no x; it has: metrics.json"),
        (lambda _: neurograde.open("file:///nowhere/at/all"), MissingUpstream, "holds no artefact"),
        (lambda _: neurograde.open("s9://bucket/study"), SpecError, "s9"),
    ],
)
def test_what_does_not_exist_is_named_beside_what_does(golden, ask, error, words):
    with pytest.raises(error, match=re.escape(words)):
        ask(golden)


def test_the_page_of_the_store_has_every_kind_and_every_file_of_a_real_store():
    text = layout()
    assert [kind for kind in sorted(KINDS) if f"{kind}/" not in text] == []
    names = {path.name for path in GOLDEN.rglob("*") if path.suffix in (".csv", ".json", ".safetensors")}
    named = {name for name in names if not re.search(r"\d", name)} - {"manifest.json"}
    assert [name for name in sorted(named) if name not in text] == []
    assert {"grid.json", "history.csv", "predictions.csv", "summary.json"} <= named
