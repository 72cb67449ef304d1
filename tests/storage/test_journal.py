"""The journal of a shard: whatever is killed, damaged or doubled, the history stays one and the same."""

from __future__ import annotations

import logging

import pytest

from neurograde.errors import AccessDenied, Fenced, NoProgress, StoreUnavailable
from neurograde.specs.records import Metrics
from neurograde.storage.journal import Journal
from neurograde.storage.store import Store

FOLDER = "runs/grid/shard"
METRICS = {"a": Metrics(train_loss=0.7, train_accuracy=0.5, valid_loss=0.6, valid_accuracy=0.5)}


@pytest.fixture
def store(memory_url: str) -> Store:
    return Store(memory_url)


@pytest.fixture
def warnings_logged(caplog: pytest.LogCaptureFixture):
    logger = logging.getLogger("neurograde")  # jobs that ran before may have taken it away from the root logger
    logger.addHandler(caplog.handler)
    yield lambda: [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    logger.removeHandler(caplog.handler)


def claimed(store: Store) -> Journal:
    journal = Journal(store, FOLDER)
    journal.claim()
    return journal


def committed(store: Store, epochs: int) -> Journal:
    journal = claimed(store)
    for epoch in range(epochs):
        journal.commit(epoch, b"state %d" % epoch, METRICS)
    return journal


def damage(store: Store, epoch: int) -> str:
    key = next(key for key in store.list(f"{FOLDER}/checkpoints") if f"/e{epoch:04d}-" in key)
    store.put(key, b"rotten")
    return key


def test_a_shard_without_commits_has_no_latest_state(store: Store):
    assert claimed(store).latest() is None


def test_the_latest_state_is_the_highest_committed_epoch(store: Store):
    commit, blob = committed(store, 3).latest()
    assert (commit.epoch, commit.attempt, blob) == (2, 1, b"state 2")
    assert commit.metrics == METRICS


def test_the_machine_that_a_shard_began_on_is_that_of_the_first_commit(store: Store):
    Journal(store, FOLDER).claim({"threads": 1})
    assert Journal(store, FOLDER).began_on() == {}  # nothing came of it
    for epoch, threads in enumerate((2, 8)):
        journal = Journal(store, FOLDER)
        journal.claim({"threads": threads})
        journal.commit(epoch, b"state %d" % epoch, METRICS)
    assert Journal(store, FOLDER).began_on() == {"threads": 2}
    store.clear(f"{FOLDER}/attempts")
    assert Journal(store, FOLDER).began_on() == {}


def test_epochs_beyond_four_digits_stay_in_order(store: Store):
    journal = claimed(store)
    journal.commit(9999, b"state 9999", METRICS, earlier=(METRICS,) * 9999)
    journal.commit(10_000, b"state 10000", METRICS)
    assert journal.latest()[0].epoch == 10_000
    assert [commit.epoch for commit in journal.commits()] == [9999, 10_000]


def test_a_blob_without_its_commit_is_not_the_latest_state(store: Store):
    journal = committed(store, 1)
    store.put(f"{FOLDER}/checkpoints/e0001-a01-000000000000.safetensors", b"cut off before its commit")
    assert journal.latest()[1] == b"state 0"


def test_a_damaged_blob_is_named_and_the_epoch_before_it_taken(store: Store, warnings_logged):
    journal = committed(store, 3)
    key = damage(store, 2)
    assert journal.latest()[1] == b"state 1"
    assert any(key in line and "damaged" in line for line in warnings_logged())
    assert any("from epoch 1" in line for line in warnings_logged())


def test_a_lost_blob_is_named_and_the_epoch_before_it_taken(store: Store, warnings_logged):
    journal = committed(store, 2)
    key = damage(store, 1)
    store.delete(key)
    assert journal.latest()[1] == b"state 0"
    assert any(key in line and "gone" in line for line in warnings_logged())


def test_an_epoch_made_again_with_the_same_digest_agrees_and_mends_its_blob(store: Store):
    committed(store, 2)
    damage(store, 1)
    again = claimed(store)
    assert again.commit(1, b"state 1", METRICS) is False
    commit, blob = again.latest()
    assert (commit.attempt, blob) == (1, b"state 1")
    assert again.commit(2, b"state 2", METRICS) is True


def test_an_epoch_made_again_with_another_digest_is_recorded_and_left_alone(store: Store):
    committed(store, 1)
    again = claimed(store)
    with pytest.raises(Fenced, match="not deterministic"):
        again.commit(0, b"another state", METRICS)
    assert list(store.list(f"{FOLDER}/conflicts")) == [f"{FOLDER}/conflicts/e0000-a02.json"]
    assert again.latest()[1] == b"state 0"


def test_an_attempt_that_was_overtaken_commits_nothing(store: Store):
    old = committed(store, 1)
    new = claimed(store)
    with pytest.raises(Fenced, match="attempt 2 has taken over from attempt 1"):
        old.commit(1, b"state 1", METRICS)
    assert [commit.epoch for commit in new.commits()] == [0]
    with pytest.raises(Fenced):
        old.heartbeat(1)
    new.commit(1, b"state 1", METRICS)


def test_the_commit_of_a_faster_twin_stands_and_the_slower_one_finds_agreement(store: Store):
    class Overtaken(Store):
        def create(self, key: str, data: bytes) -> None:
            if "/commits/" in key:
                twin.commit(0, b"state 0", METRICS)
            super().create(key, data)

    slow = claimed(Overtaken(store.url))
    twin = claimed(store)
    slow.check_fence = lambda: None  # the claim came after the check
    assert slow.commit(0, b"state 0", METRICS) is False
    assert [commit.attempt for commit in slow.commits()] == [2]


def test_a_commit_never_overtakes_its_blob(store: Store):
    written = []

    class Watched(Store):
        def put(self, key: str, data: bytes) -> None:
            written.append(key.split("/")[3])
            super().put(key, data)

        def create(self, key: str, data: bytes) -> None:
            written.append(key.split("/")[3])
            super().create(key, data)

    committed(Watched(store.url), 1)
    assert written == ["attempts", "checkpoints", "commits"]


def test_two_claims_at_one_moment_get_different_numbers(store: Store):
    class Raced(Store):
        rival: Journal | None = None

        def create(self, key: str, data: bytes) -> None:
            if self.rival is None:
                self.rival = claimed(Store(self.url))
            super().create(key, data)

    late = Journal(Raced(store.url), FOLDER)
    assert (late.claim(), late.store.rival.attempt) == (2, 1)


def test_pruning_keeps_the_last_states_and_every_commit(store: Store):
    journal = committed(store, 5)
    store.put(f"{FOLDER}/checkpoints/e0002-a00-000000000000.safetensors", b"left behind by a killed attempt")
    store.put(f"{FOLDER}/checkpoints/e0005-a02-000000000000.safetensors", b"about to be committed by a newer one")
    journal.prune(keep_last=2)
    kept = [key.rsplit("/", 1)[1][:9] for key in store.list(f"{FOLDER}/checkpoints")]
    assert kept == ["e0003-a01", "e0004-a01", "e0005-a02"]
    assert len(journal.commits()) == 5


def test_nothing_is_pruned_while_the_newest_state_is_damaged(store: Store):
    journal = committed(store, 3)
    damage(store, 2)
    journal.prune(keep_last=1)
    assert len(store.list(f"{FOLDER}/checkpoints")) == 3
    assert journal.latest()[1] == b"state 1"


def test_a_published_shard_keeps_its_history_and_none_of_its_checkpoints(memory_url: str):
    store = Store(memory_url)
    journal = Journal(store, FOLDER)
    journal.claim()
    for epoch in range(3):
        journal.commit(epoch, bytes([epoch]), {})
    journal.discard()
    assert store.list(f"{FOLDER}/checkpoints") == {}
    assert [commit.epoch for commit in journal.commits()] == [0, 1, 2]


def test_after_five_attempts_in_a_row_without_a_commit_the_shard_is_given_up(store: Store):
    committed(store, 1)
    for _ in range(5):
        claimed(store)
    with pytest.raises(NoProgress, match="5 attempts in a row"):
        claimed(store)


def test_a_commit_starts_the_count_of_attempts_anew(store: Store):
    for _ in range(4):
        claimed(store)
    committed(store, 1)
    for _ in range(5):
        claimed(store)
    with pytest.raises(NoProgress):
        claimed(store)


def test_attempts_that_were_asked_to_stop_do_not_count_up_to_fifty(store: Store):
    for _ in range(50):
        claimed(store).heartbeat(0, ended="SIGTERM")
    with pytest.raises(NoProgress, match="50 of them were asked to stop"):
        claimed(store)


def test_a_heartbeat_is_due_at_first_and_then_not_for_a_while(store: Store):
    journal = claimed(store)
    assert journal.heartbeat_due
    journal.heartbeat(0, {"cpu_kwh": 1.0})
    assert not journal.heartbeat_due
    assert journal.statuses()[1].carbon == {"cpu_kwh": 1.0}


def test_a_store_that_is_away_for_a_heartbeat_does_not_end_the_attempt(store: Store, warnings_logged):
    class Away(Store):
        def put(self, key: str, data: bytes) -> None:
            raise StoreUnavailable(f"{key}: no answer")

    journal = Journal(Away(store.url), FOLDER)
    journal.claim()
    journal.heartbeat(0)
    assert any("no heartbeat" in line for line in warnings_logged())


def test_a_damaged_blob_is_kept_aside_until_someone_has_looked_at_it(store: Store):
    journal = committed(store, 2)
    key = damage(store, 1)
    journal.latest()
    (aside,) = store.list(f"{FOLDER}/damaged")
    assert store.get(aside) == store.get(key) == b"rotten"
    journal.commit(1, b"state 1", METRICS)
    assert (store.get(aside), store.get(key)) == (b"rotten", b"state 1")


def test_a_blob_that_only_one_transfer_damaged_is_whole(store: Store):
    class Garbled(Store):
        left = 1

        def get(self, key: str) -> bytes:
            if "/checkpoints/" in key and self.left:
                self.left -= 1
                return super().get(key)[:3]
            return super().get(key)

    committed(store, 2)
    assert Journal(Garbled(store.url), FOLDER).latest()[1] == b"state 1"
    assert not store.list(f"{FOLDER}/damaged")


def test_an_agreement_is_a_record_in_the_store(store: Store):
    committed(store, 1)
    again = claimed(store)
    again.commit(0, b"state 0", METRICS)
    assert list(store.list(f"{FOLDER}/agreements")) == [f"{FOLDER}/agreements/e0000-a02.json"]
    assert not store.list(f"{FOLDER}/conflicts")


def test_a_commit_of_several_epochs_has_the_metrics_of_each(store: Store):
    journal = claimed(store)
    others = {"a": Metrics(train_loss=0.3, train_accuracy=0.5, valid_loss=0.6, valid_accuracy=0.5)}
    journal.commit(0, b"state 0", METRICS)
    journal.commit(2, b"state 2", METRICS, earlier=(others,))
    assert [list(commit.epochs.items()) for commit in journal.commits()] == [
        [(0, METRICS)],
        [(1, others), (2, METRICS)],
    ]


def test_a_store_that_refuses_a_heartbeat_does_not_end_the_attempt(store: Store, warnings_logged):
    class Refusing(Store):
        def put(self, key: str, data: bytes) -> None:
            raise AccessDenied(f"{key}: permission denied")

    journal = Journal(Refusing(store.url), FOLDER)
    journal.claim()
    journal.heartbeat(0)
    assert any("permission denied" in line for line in warnings_logged())
