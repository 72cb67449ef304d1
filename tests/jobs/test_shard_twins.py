"""Two attempts at one shard at once, over HTTP: one history, one of them leaves, and what was made twice is told."""

from __future__ import annotations

import random
import time

import pytest

from neurograde.specs.records import Commit
from neurograde.storage.artefact import parse_record
from neurograde.storage.journal import Journal
from neurograde.storage.store import Store
from tests.support.kills import SOAK
from tests.support.shards import SHARD, Plan, attempt_at, code_of, process_at, results

ROUNDS = 20 if SOAK else 5


def records(store: Store, folder: str) -> list[Commit]:
    return [parse_record(Commit, store.get(key), key) for key in store.list(f"{SHARD}/{folder}")]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_twins_leave_one_history_and_the_one_overtaken_exits_75_within_an_epoch(bucket, seed: int):
    quiet, store = Store(f"{bucket.url}/quiet"), Store(f"{bucket.url}/twins")
    assert attempt_at(quiet) == 0
    plan = Plan(seconds=0.08)
    older = process_at(store.url, plan)
    time.sleep(random.Random(seed).uniform(0.0, 0.4))
    younger = process_at(store.url, plan)
    codes = sorted([code_of(older), code_of(younger)])
    assert codes in ([0, 75], [0, 0])  # both end well only if the shard was done, or the same was published, by then
    assert results(store) == results(quiet)
    assert not records(store, "conflicts")
    committed = {commit.epoch: commit for commit in Journal(store, SHARD).commits()}
    for again in records(store, "agreements"):
        assert again.sha256 == committed[again.epoch].sha256
        assert again.attempt != committed[again.epoch].attempt
    left = [status for status in Journal(store, SHARD).statuses().values() if status.ended == "fenced"]
    assert len(left) == codes.count(75)
    claims = {each.attempt: each.resumes_from for each in Journal(store, SHARD).attempts()}
    for status in left:  # in the epoch after the one that was under way at the claim
        taken_over_at = -1 if claims[status.attempt + 1] is None else claims[status.attempt + 1]
        assert status.epoch <= taken_over_at + 3


def test_twins_that_come_out_differently_are_told_apart_and_the_first_commit_stands(bucket):
    store = bucket.store()
    assert attempt_at(store, Plan(stop_at=2)) == 1
    stands = Journal(store, SHARD).commits()
    store.put(f"{SHARD}/{stands[1].key}", b"rotten")  # so that epoch 1 is made again
    store.put(f"{SHARD}/{stands[0].key}", b"rotten")
    assert attempt_at(store, Plan(flaw=1e-12)) == 75
    (conflict,) = records(store, "conflicts")
    assert (conflict.epoch, conflict.attempt) == (1, 2)
    assert conflict.sha256 != stands[1].sha256
    assert Journal(store, SHARD).commits() == stands
    assert [each.epoch for each in records(store, "agreements")] == [0]
    assert attempt_at(store) == 0
