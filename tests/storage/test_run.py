from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from neurograde.errors import DataError, DigestMismatch
from neurograde.storage.run import read_run
from neurograde.storage.store import Store
from tests.support.finished import FLAT, write_run

LEFT = [(0.7, 0.7, 0.5, 0.5), (None, None, 0.5, 0.5)]


def rewrite(store: Store, key: str, change: Callable[[dict[str, Any]], None]) -> None:
    record = json.loads(store.get(key))
    change(record)
    store.put(key, json.dumps(record).encode())


def test_a_run_gives_every_sessions_history_and_where_it_diverged(memory_url: str):
    write_run(memory_url, curves={"lr0.01-b4-r01": LEFT}, diverged={"lr0.01-b4-r01": 1})
    run = read_run(Store(memory_url), "grid")
    assert run.unfinished == []
    assert run.diverged() == {"leaknet-straightforward-lr0.01-b4-r01": 1}
    histories = run.histories()
    assert list(histories) == [session.id for session in run.sessions]
    for name, history in histories.items():
        curve = LEFT if name in run.diverged() else FLAT
        assert [(e.train_loss, e.valid_loss, e.train_accuracy, e.valid_accuracy) for e in history] == list(curve)


def test_a_run_reads_as_one_artefact_of_all_its_shards_files(memory_url: str):
    write_run(memory_url, marks=("synthetic",))
    run = read_run(Store(memory_url), "grid")
    whole = run.artefact()
    whole.verify()
    assert len(whole.manifest.files) == 6
    assert whole.manifest.marks == ("synthetic",)
    assert whole.input("datasets").name == "set"


def test_the_digest_of_a_run_changes_with_any_file_of_any_shard(memory_url: str):
    write_run(memory_url)
    before = read_run(Store(memory_url), "grid").artefact().manifest.digest
    assert read_run(Store(memory_url), "grid").artefact().manifest.digest == before
    write_run(memory_url, curves={"lr0.001-b4-r02": LEFT})
    assert read_run(Store(memory_url), "grid").artefact().manifest.digest != before


def test_shards_that_are_not_done_are_named(memory_url: str):
    write_run(memory_url, shards=1)
    run = read_run(Store(memory_url), "grid")
    assert (list(run.shards), run.unfinished) == (
        ["leaknet-straightforward-000"],
        ["leaknet-straightforward-001"],
    )


def test_a_run_that_is_not_there_is_absent(memory_url: str):
    with pytest.raises(FileNotFoundError):
        read_run(Store(memory_url), "grid")


def test_a_grid_changed_behind_its_digest_is_refused(memory_url: str):
    write_run(memory_url)
    store = Store(memory_url)
    rewrite(store, "runs/grid/grid.json", lambda grid: grid["spec"].update(positive="PD"))
    with pytest.raises(DataError, match=r"grid\.json: .* it records the digest"):
        read_run(store, "grid")
    rewrite(store, "runs/grid/grid.json", lambda grid: grid.pop("digest"))  # as the first versions wrote it
    with pytest.raises(DigestMismatch, match=r"grid\.json records a spec of digest"):
        read_run(store, "grid")


def test_a_shard_that_another_grid_of_that_name_trained_is_refused(memory_url: str):
    write_run(memory_url)
    store = Store(memory_url)
    rewrite(
        store,
        "runs/grid/leaknet-straightforward-000/manifest.json",
        lambda manifest: manifest.update(spec_digest="f" * 64),
    )
    with pytest.raises(DigestMismatch, match="leaknet-straightforward-000 was trained by a grid"):
        read_run(store, "grid")
