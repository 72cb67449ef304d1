"""A finished grid and one whose shards were stopped in their middle, as version 0.1.0 left them, are taken on.

`tests/golden/training/` lies over `tests/golden/store/`. Its grids `sealed` and `stopped` are one grid under two names:
a new last layer, an extension and an unfrozen layer on a small network, four epochs each. `sealed` ran to its end
(its checkpoints, which a finished shard does not need, were left out); the processes of `stopped` were killed when
epochs 0 to 2 of each shard had been committed. Whatever the code is by now, it goes on with `stopped` and reaches the
states of `sealed`: the same optimiser steps, dropout masks, order of samples, crops, best epochs and file formats.

To the bit, on any x86 processor: the order of a sum, and so its last bits, follow from the vector instructions that
libraries choose, and both grids ran with these pinned to AVX2 (`PINNED`), on one thread, from features in the store.
Where there is no AVX2, or torch is of another version than the manifests name, the test asks for agreement within
`TOLERANCE` instead; epochs that were committed before are compared to the bit everywhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save

from jobs.train import train
from neurograde.errors import DataError
from neurograde.runtime.invocation import arguments_of_process
from neurograde.specs.records import Grid
from neurograde.storage.artefact import decode_csv, parse_record
from neurograde.storage.journal import Journal
from neurograde.storage.run import read_run
from neurograde.storage.store import Store

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
SHARDS = {
    "leaknet-straightforward": "f6b12a55bed8052361e276602c008e0e3260fbbe53a12ca12939e534aae469b4",
    "leaknet-extension1-mish": "4d23ef89a65f3e786f22a83e562e967637321dfe99d5b0a1408e73dcbcb4d021",
    "leaknet-unfreezing1": "80ac7ce3276468b0c68b2663d96884d110b675ee8af46ee22e49c3a1889a3a61",
}
"""Digest of each shard of `sealed`."""
GRID = "12dffe67e53baaf9cde7cc731471a83b58e9de40dd8b744835e9536b3105f81b"
"""Digest that `sealed`'s grid.json records of its own content."""
LAST_OF_THEN = 2
PINNED = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "AVX2"}
TOLERANCE = 1e-5  # measured between AVX2, AVX-512 and no vector instructions: 2e-7


@pytest.fixture
def store(tmp_path: Path) -> Store:
    shutil.copytree(GOLDEN / "store", tmp_path / "store")
    shutil.copytree(GOLDEN / "training", tmp_path / "store", dirs_exist_ok=True)
    return Store(f"file://{tmp_path}/store")


def bits_are_comparable(store: Store) -> bool:
    """Return whether this machine can compute the very bits of `sealed`."""
    versions = {shard.manifest.software["torch"] for shard in read_run(store, "sealed").shards.values()}
    return torch.backends.cpu.get_cpu_capability().startswith("AVX") and versions == {torch.__version__.split("+")[0]}


def states(store: Store, grid: str, shard: str) -> dict[int, str]:
    """Return the digest of the state after each committed epoch."""
    return {commit.epoch: commit.sha256 for commit in Journal(store, f"runs/{grid}/{shard}").commits()}


def results(store: Store, grid: str, shard: str) -> dict[str, bytes]:
    """Return the files that a shard publishes."""
    artefact = read_run(store, grid).shards[shard]
    return {path: artefact.read(path) for path in artefact.manifest.files}


def assert_close(ours: dict[str, bytes], theirs: dict[str, bytes]) -> None:
    """Fail unless the losses of all epochs and the weights of the best one agree within the tolerance."""
    assert ours.keys() == theirs.keys()
    tensors, other_tensors = load(ours["best.safetensors"]), load(theirs["best.safetensors"])
    assert tensors.keys() == other_tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_allclose(tensor, other_tensors[name], rtol=0, atol=TOLERANCE, err_msg=name)
    rows, other_rows = decode_csv(ours["history.csv"]), decode_csv(theirs["history.csv"])
    for column in ("epoch", "train_loss", "valid_loss"):
        values, others = ([float(row[column]) for row in table] for table in (rows, other_rows))
        np.testing.assert_allclose(values, others, rtol=0, atol=TOLERANCE, err_msg=column)


def resume(store: Store) -> None:
    """Train what is left of `stopped`, in a process whose libraries use the vector instructions of then."""
    command = arguments_of_process("train", str(GOLDEN / "stopped.yaml"), "--store", store.url)
    done = subprocess.run(command, cwd=ROOT, env=os.environ | PINNED, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("attempt 2 begins with epoch 3") == len(SHARDS), done.stderr


def test_shards_stopped_in_their_middle_go_on_to_the_states_of_an_uninterrupted_run(store: Store):
    before = {shard: states(store, "stopped", shard) for shard in SHARDS}
    resume(store)
    for shard in SHARDS:
        ours, theirs = states(store, "stopped", shard), states(store, "sealed", shard)
        assert list(ours) == list(theirs) == [0, 1, 2, 3, 4]
        assert before[shard] == {epoch: theirs[epoch] for epoch in range(LAST_OF_THEN + 1)}
        assert {epoch: ours[epoch] for epoch in before[shard]} == before[shard]
        if bits_are_comparable(store):
            assert ours == theirs, f"{shard} goes on to another state"
            assert results(store, "stopped", shard) == results(store, "sealed", shard)
        else:
            assert_close(results(store, "stopped", shard), results(store, "sealed", shard))


def test_the_shards_of_stopped_are_in_their_middle(store: Store):
    assert read_run(store, "stopped").unfinished == list(SHARDS)
    for shard in SHARDS:
        latest = Journal(store, f"runs/stopped/{shard}").latest()
        assert latest is not None
        assert latest[0].epoch == LAST_OF_THEN


def test_the_sealed_grid_is_read_with_its_digests_of_then(store: Store):
    run = read_run(store, "sealed")
    assert run.unfinished == []
    assert run.grid.digest == GRID
    assert {name: shard.manifest.digest for name, shard in run.shards.items()} == SHARDS
    for shard in run.shards.values():
        shard.verify()


def test_the_job_finds_the_sealed_grid_up_to_date(store: Store, capsys: pytest.CaptureFixture[str]):
    assert train.main([str(GOLDEN / "sealed.yaml"), "--store", store.url]) == 0
    assert "runs/sealed is up to date" in capsys.readouterr().err


def test_a_sealed_grid_that_was_changed_is_refused(store: Store):
    data = store.get("runs/sealed/grid.json")
    parse_record(Grid, data, "grid.json")
    with pytest.raises(DataError, match="records the digest"):
        parse_record(Grid, data.replace(b'"learning_rate":0.01', b'"learning_rate":0.02'), "grid.json")


def test_the_comparison_sees_weights_that_differ(store: Store):
    files = results(store, "sealed", "leaknet-straightforward")
    assert_close(files, files)
    tensors = load(files["best.safetensors"])
    name, tensor = next(iter(tensors.items()))
    moved = files | {"best.safetensors": save(tensors | {name: tensor + np.float32(2e-5)})}
    with pytest.raises(AssertionError, match=name):
        assert_close(files, moved)
    with pytest.raises(AssertionError, match="train_loss"):
        assert_close(files, files | {"history.csv": files["history.csv"].replace(b",0.69", b",0.68")})
