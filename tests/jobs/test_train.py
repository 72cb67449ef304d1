"""The train job: what it leaves, what it refuses, and that no kill at any moment changes the end."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from neurograde.errors import DigestMismatch, Stopped, StoreUnavailable
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.journal import Journal
from neurograde.storage.run import read_run
from neurograde.storage.store import Store
from tests.support.kills import SOAK, DyingStore
from tests.support.material import train_spec, write_dataset
from tests.support.shards import code_of, command_process, train_process

SHARD = "runs/grid/leaknet-whole"
GRID = train_spec("leaknet", {"kind": "whole"}, epochs=3, repeats=2).model_dump(mode="json", exclude={"store", "job"})


@pytest.fixture
def store(memory_url: str) -> Store:
    store = Store(memory_url)
    write_dataset(store)
    return store


@pytest.fixture
def train(run, store: Store):
    """Run `train` on the written data set, with whatever a test changes."""
    return lambda *options, **fields: run("train", *options, **GRID | fields)


def results(store: Store) -> dict[str, object]:
    """All that must not depend on how often the shard was interrupted."""
    manifest = read_manifest(store, SHARD)
    artefact = Artefact(store, SHARD, manifest)
    artefact.verify()
    last = Journal(store, SHARD).commits()[-1]
    return {
        "digest": manifest.digest,
        "history": artefact.read("history.csv"),
        "best": artefact.read("best.safetensors"),
        "sessions": artefact.read("sessions.json"),
        "checkpoint": (last.epoch, last.sha256),
    }


def test_a_grid_of_one_shard_leaves_history_weights_and_best_epochs(train, store: Store):
    code, _ = train()
    run = read_run(store, "grid")
    assert code == 0
    assert run.unfinished == []
    assert {name: len(history) for name, history in run.histories().items()} == {
        f"leaknet-whole-lr0.01-b5-r0{repeat}": 4 for repeat in (0, 1)
    }
    assert store.list(f"{SHARD}/checkpoints") == {}  # commits keep their digests
    manifest = run.shards["leaknet-whole"].manifest
    assert sorted(manifest.files) == ["best.safetensors", "history.csv", "sessions.json"]
    assert (manifest.marks, manifest.inputs[0].name, manifest.name) == (("synthetic",), "set", "grid/leaknet-whole")
    assert manifest.carbon["work"] == "useful"
    assert manifest.carbon_wasted is None


def test_weights_of_another_network_are_refused_before_anything_is_written(train, store: Store, tmp_path: Path):
    import torch

    torch.save({"features.0.weight": torch.zeros(96, 3, 7, 7)}, tmp_path / "other.pth")
    backbones = [{"name": "squeezenet1_1", "weights": str(tmp_path / "other.pth")}]
    code, lines = train(backbones=backbones, strategies=[{"kind": "straightforward"}])
    assert code == 65
    assert "other.pth is no state dict of squeezenet1_1" in lines[-1]["event"]
    assert store.list("runs") == {}


def test_two_repeats_differ_by_their_random_streams_alone(train, store: Store):
    train()
    one, other = read_run(store, "grid").histories().values()
    assert one != other


def test_a_finished_grid_is_up_to_date(train):
    train()
    code, lines = train()
    assert code == 0
    assert "up to date" in lines[-1]["event"]


def test_the_job_imports_no_torch_before_there_is_work():
    script = "import sys, jobs.train; sys.exit('torch' in sys.modules or 'PIL' in sys.modules)"
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", script]) == 0


def test_each_index_trains_its_own_shard(train, store: Store, monkeypatch: pytest.MonkeyPatch):
    fields = {"strategies": [{"kind": "whole"}, {"kind": "straightforward"}], "repeats": 1, "epochs": 1}
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "1")
    assert train(**fields)[0] == 0
    assert read_run(store, "grid").unfinished == ["leaknet-whole"]
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "2")
    code, lines = train(**fields)
    assert (code, "shards 0 to 1" in lines[-1]["event"]) == (64, True)
    monkeypatch.setenv("NEUROGRADE_ROW", "leaknet-whole")
    code, lines = train(**fields)
    assert (code, "row leaknet-whole of the grid grid has shards 0 to 0" in lines[-1]["event"]) == (64, True)
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "0")
    assert train(**fields)[0] == 0
    assert read_run(store, "grid").unfinished == []
    monkeypatch.setenv("NEUROGRADE_ROW", "leaknet-unfreezing2")
    code, lines = train(**fields)
    assert (code, "has rows leaknet-whole, leaknet-straightforward" in lines[-1]["event"]) == (64, True)


def test_another_spec_under_the_name_is_refused_with_the_fields_that_differ_unless_it_replaces(train, store: Store):
    train()
    code, lines = train(seed=4)
    ours = TrainSpec.parse(GRID | {"store": store.url, "job": "train", "seed": 4}).digest()
    assert code == 73
    assert f"it was made by another spec: seed was {GRID['seed']}, is 4; choose another name" in lines[-1]["event"]
    assert train("--replace", seed=4)[0] == 0
    assert read_manifest(store, SHARD).spec_digest == ours


def test_a_grid_of_another_spec_without_a_commit_is_replaced_unless_an_attempt_is_alive(train, store: Store):
    train()
    grid = store.get("runs/grid/grid.json")
    store.clear("runs")
    store.create("runs/grid/grid.json", grid)
    journal = Journal(store, SHARD)
    journal.claim()
    assert train(seed=4)[0] == 73  # it was heard of just now
    journal.heartbeat(0, ended="error", exit_code=69)
    code, lines = train(seed=4)
    assert code == 0
    assert any("is replaced: no epoch of it was committed" in str(line["event"]) for line in lines)
    assert read_run(store, "grid").spec.seed == 4


def test_another_data_set_under_the_name_is_refused_with_both_digests(train, store: Store):
    train()
    before = read_manifest(store, "datasets/set").digest
    write_dataset(store, each=7)
    code, lines = train()
    assert code == 73
    assert before in lines[-1]["event"]
    assert read_manifest(store, "datasets/set").digest in lines[-1]["event"]


def test_other_weights_of_the_same_name_are_another_run(train, store: Store, tmp_path: Path):
    import torch

    from neurograde.learning.networks.backbones import random_trunk

    path = tmp_path / "weights.pth"
    fields = {
        "backbones": [{"name": "squeezenet1_1", "weights": str(path)}],
        "strategies": [{"kind": "straightforward"}],
        "epochs": 1,
    }
    code, lines = train(**fields)
    assert (code, "no such file" in lines[-1]["event"]) == (78, True)
    torch.save(random_trunk("squeezenet1_1", 46, 0).module.state_dict(), path)
    assert train(**fields)[0] == 0
    summary = json.loads(store.get("runs/grid/squeezenet1_1-straightforward/sessions.json"))
    assert summary["weights"]["sha256"] == read_run(store, "grid").grid.raw[0].sha256
    torch.save(random_trunk("squeezenet1_1", 46, 1).module.state_dict(), path)
    code, lines = train(**fields)
    assert (code, summary["weights"]["sha256"] in lines[-1]["event"]) == (73, True)


@pytest.fixture
def without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


@pytest.mark.usefixtures("without_gpu")
@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"dataset": "other"}, 66, "python -m jobs.augment"),
        ({"classes": ["PD", "D", "U"]}, 78, "classes: the spec lists ['D', 'PD', 'U']"),
        ({"backbones": [{"name": "resnet17", "weights": "none"}]}, 78, "did you mean resnet1"),
        ({"backbones": [{"name": "resnet18", "weights": "IMAGENET1K_V9"}]}, 78, "IMAGENET1K_V1"),
        ({"strategies": [{"kind": "unfreezing", "layers": 6}]}, 78, "leaknet has 5 before its last"),
        ({"strategies": [{"kind": "extension", "non_linearities": 8}]}, 78, "halved 7 times"),
        ({"input_size_px": 45}, 78, "leaknet takes inputs of 46 px or more"),
        ({"input_size_px": 49}, 78, "the patches have 48"),
        ({"batch_sizes": [5, 25]}, 78, "25 is more than the 24 train samples"),
        ({"learning_rates": [-1.0]}, 78, "learning_rates.0: -1.0"),
        ({"device": "cuda"}, 78, "torch sees no GPU"),
        ({"engine": "plain", "precision": "bf16"}, 78, "engine plain accepts fp32 and fp64"),
        (
            {"loss": {"kind": "center"}, "strategies": [{"kind": "straightforward"}]},
            78,
            "which straightforward does not train",
        ),
        ({"loss": {"kind": "contrastive"}}, 78, "compares two inputs"),
        ({"class_weights": {"PD": 1.0}}, 78, "must name the classes"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_line_and_nothing_is_written(
    train, store: Store, fields: dict, code: int, words: str
):
    found, lines = train(**fields)
    assert found == code
    assert any(words in line["event"] for line in lines)
    assert not any("traceback" in line for line in lines)
    assert store.list("runs") == {}


def test_a_changed_byte_of_a_patch_is_refused(train, store: Store):
    key = next(key for key in store.list("patches/set") if "/train/" in key)
    store.put(key, store.get(key)[:-1] + b"x")
    code, lines = train()
    assert code == DigestMismatch.exit_code
    assert key in lines[-1]["event"]


def test_one_session_that_diverges_is_listed_and_the_shard_goes_on(train, store: Store):
    assert train(learning_rates=[0.01, 1e30], repeats=1)[0] == 0
    run = read_run(store, "grid")
    wild = "leaknet-whole-lr1e+30-b5-r00"
    assert run.diverged() == {wild: 1}
    assert len(run.histories()[wild]) == 2
    assert b"lr1e+30" not in store.get(f"{SHARD}/best.safetensors")


def test_a_shard_of_which_every_session_diverges_ends_with_80_and_is_published_all_the_same(train, store: Store):
    code, lines = train(learning_rates=[1e30])
    assert (code, "every session has diverged" in lines[-1]["event"]) == (80, True)
    run = read_run(store, "grid")
    assert set(run.diverged()) == {session.id for session in run.sessions}
    assert {name for shard in run.shards.values() for name in shard.manifest.diverged} == set(run.diverged())
    code, lines = train(learning_rates=[1e30])
    assert (code, "up to date" in lines[-1]["event"]) == (0, True)


def test_in_a_pod_a_shard_that_diverged_ends_with_0_and_a_warning(train, store: Store, monkeypatch):
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "0")
    code, lines = train(learning_rates=[1e30])
    assert code == 0
    assert lines[-1]["level"] == "warning"
    assert "every session has diverged" in lines[-1]["event"]
    assert read_run(store, "grid").unfinished == []


def test_a_hopeless_shard_costs_the_others_nothing(train, store: Store):
    code, _ = train(learning_rates=[1e30, 0.01], repeats=1, sessions_per_shard=1)
    assert code == 80
    assert read_run(store, "grid").unfinished == []


def in_a_process(store: Store) -> BaseProcess:
    """Train on `store` in a process of its own, to kill or to wait for."""
    return train_process(store, GRID | {"store": store.url, "job": "train"})


@pytest.fixture
def uninterrupted(tmp_path: Path) -> tuple[Store, dict[str, object]]:
    """Stores with the data set: one to be killed in, and what an undisturbed run leaves in another."""
    quiet, rough = (Store(str(tmp_path / name)) for name in ("quiet", "rough"))
    for each in (quiet, rough):
        write_dataset(each)
    assert code_of(in_a_process(quiet)) == 0
    return rough, results(quiet)


def test_killed_around_every_kind_of_write_it_ends_as_if_nothing_had_happened(uninterrupted):
    store, expected = uninterrupted
    deaths = [
        ("grid.json", 1, False),
        ("attempts/", 1, True),
        ("checkpoints/", 1, True),  # between checkpoint and commit, at epoch 0
        ("commits/", 1, True),
        ("checkpoints/", 1, False),
        ("checkpoints/", 1, True),  # and at epoch 1
        ("commits/", 2, True),
        ("commits/", 1, False),
        ("best.safetensors", 1, True),
        ("manifest.json", 1, False),
        ("manifest.json", 1, True),
    ]
    for kind, n, after in deaths:
        assert code_of(in_a_process(DyingStore(store.url, kind, n, after=after))) == -signal.SIGKILL, (kind, n, after)
    assert results(store) == expected


def test_killed_at_random_moments_it_ends_as_if_nothing_had_happened(uninterrupted):
    store, expected = uninterrupted
    rng = np.random.default_rng(0)
    for _ in range(40):
        child = in_a_process(store)
        time.sleep(rng.uniform(0.0, 0.4))
        child.kill()
        if code_of(child) == 0 or read_manifest(store, SHARD):
            break
        store.clear(f"{SHARD}/attempts")  # kills come faster here than five attempts in a row would allow
    else:
        assert code_of(in_a_process(store)) == 0
    assert results(store) == expected


def test_a_damaged_checkpoint_is_made_again_and_comes_out_the_same(uninterrupted):
    store, expected = uninterrupted
    assert code_of(in_a_process(DyingStore(store.url, "commits/", 3, after=True))) == -signal.SIGKILL
    newest = sorted(store.list(f"{SHARD}/checkpoints"))[-1]
    store.put(newest, store.get(newest)[:-1] + b"x")
    assert code_of(in_a_process(store)) == 0
    assert results(store) == expected


def test_begun_on_two_threads_it_goes_on_with_two_wherever_that_is(
    train, store: Store, monkeypatch: pytest.MonkeyPatch
):
    assert train(workers=2)[0] == 0
    expected = results(store)
    store.clear("runs")
    commit = Journal.commit

    def away(journal: Journal, epoch: int, *args: object, **facts: object) -> bool:
        if epoch == 2:
            raise StoreUnavailable("memory://: no route")
        return commit(journal, epoch, *args, **facts)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "commit", away)
        assert train(workers=2)[0] == 69
    code, lines = train(workers=1)
    assert (code, any("goes on with threads: 2" in each["event"] for each in lines)) == (0, True)
    assert results(store) == expected
    assert read_manifest(store, SHARD).machine["threads"] == 2
    store.clear("runs")
    assert train(workers=1)[0] == 0
    assert results(store) != expected  # or this test could not tell


def test_asked_to_stop_it_leaves_a_record_exits_75_and_goes_on_later(tmp_path: Path, uninterrupted):
    store, expected = uninterrupted
    path = tmp_path / "train.yaml"
    path.write_text(json.dumps(GRID | {"store": store.url, "job": "train"}))
    child = command_process(str(path))
    while not store.exists(f"{SHARD}/commits/e0000.json"):
        time.sleep(0.01)
    child.terminate()
    assert code_of(child) == 75
    assert Journal(store, SHARD).statuses()[1].ended == "SIGTERM"
    assert code_of(in_a_process(store)) == 0
    assert results(store) == expected


def test_asked_to_stop_at_any_moment_it_exits_75_and_comes_to_the_same_end(tmp_path: Path, uninterrupted):
    store, expected = uninterrupted
    path = tmp_path / "train.yaml"
    path.write_text(json.dumps(GRID | {"store": store.url, "job": "train"}))
    rng = np.random.default_rng(0)
    stops = 0
    while stops < (500 if SOAK else 8):
        begun = len(Journal(store, SHARD).attempts())
        child = command_process(str(path))
        while child.is_alive() and len(Journal(store, SHARD).attempts()) == begun:
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, 0.2))
        child.terminate()
        code = code_of(child)
        if read_manifest(store, SHARD) is not None:  # done, if the stop was not too late to be heard
            assert code in (0, Stopped.exit_code, -signal.SIGTERM)
            assert results(store) == expected
            store.clear("runs")
        else:
            assert code == Stopped.exit_code
            stops += 1
