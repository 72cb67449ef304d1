"""kill -9 before every single thing that an attempt does to its store: nothing is lost but the epoch under way."""

from __future__ import annotations

import signal
from pathlib import Path

from neurograde.storage.journal import Journal
from neurograde.storage.store import Store
from tests.support.kills import SOAK
from tests.support.shards import SHARD, Plan, attempt_at, code_of, nothing_is_half_there, process_at, results


def kill_everywhere(url: str, steps: range, plan: Plan) -> int:
    """Kill an attempt before each of the steps, finish it, compare it with one left alone; how many were killed."""
    quiet = Store(f"{url}/quiet")
    assert attempt_at(quiet, plan) == 0
    expected = results(quiet)
    killed = 0
    for step in steps:
        store = Store(f"{url}/{step}")
        code = code_of(process_at(store.url, Plan(**vars(plan) | {"dies_at": step})))
        if code == 0:
            break
        assert code == -signal.SIGKILL, step
        killed += 1
        commits = nothing_is_half_there(store)
        before = Journal(store, SHARD).attempts()
        assert attempt_at(store, plan) == 0, step
        assert results(store) == expected, step
        after = Journal(store, SHARD).attempts()
        assert len(after) == len(before) + 1
        assert after[-1].resumes_from == (commits - 1 if commits else None), step
        assert not store.list(f"{SHARD}/conflicts"), step
    return killed


def test_killed_before_any_operation_on_a_local_disk_a_shard_ends_as_if_left_alone(tmp_path: Path):
    assert kill_everywhere(f"file://{tmp_path}", range(1, 1000, 1 if SOAK else 2), Plan()) > 50


def test_killed_before_any_operation_on_google_s_a_shard_ends_as_if_left_alone(gcs):
    assert kill_everywhere(gcs.url, range(1, 1000, 1 if SOAK else 2), Plan(epochs=1)) > 15


def test_killed_before_any_operation_on_amazon_s_a_shard_ends_as_if_left_alone(s3):
    assert kill_everywhere(s3.url, range(1, 1000, 1 if SOAK else 8), Plan(epochs=1)) > 3


def test_killed_between_checkpoints_a_shard_loses_no_more_than_the_epochs_since(tmp_path: Path):
    url, plan = f"file://{tmp_path}", Plan(epochs=7, checkpoint_every=3)
    quiet, rough = Store(f"{url}/quiet"), Store(f"{url}/rough")
    assert attempt_at(quiet, plan) == 0
    assert attempt_at(rough, Plan(epochs=7, checkpoint_every=3, stop_at=5)) == 1
    assert [commit.epoch for commit in Journal(rough, SHARD).commits()] == [0, 3]
    assert attempt_at(rough, plan) == 0
    commits = Journal(rough, SHARD).commits()
    assert [(commit.epoch, list(commit.epochs)) for commit in commits] == [
        (0, [0]), (3, [1, 2, 3]), (6, [4, 5, 6]), (7, [7]),
    ]  # fmt: skip
    assert results(rough) == results(quiet)
    every = Store(f"{url}/every")
    assert attempt_at(every, Plan(epochs=7)) == 0
    for part in ("metrics", "best"):
        assert results(every)[part] == results(quiet)[part]
