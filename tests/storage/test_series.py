"""Records that lie: strays, copies, edits and truncated objects enter no history, and a shard goes on without them."""

from __future__ import annotations

import json
import logging

import pytest

from neurograde.errors import DataError, Fenced, NoProgress
from neurograde.specs.records import Metrics
from neurograde.storage.journal import Journal
from neurograde.storage.store import Store

FOLDER = "runs/grid/shard"
EPOCHS = {"a": 5, "b": 3}
METRICS = Metrics(train_loss=0.7, train_accuracy=0.5, valid_loss=0.6, valid_accuracy=0.5)


def metrics_of(epoch: int) -> dict[str, Metrics]:
    return {session: METRICS for session, last in EPOCHS.items() if epoch <= last}


def claimed(store: Store) -> Journal:
    journal = Journal(store, FOLDER, EPOCHS)
    journal.claim()
    return journal


@pytest.fixture
def store(memory_url: str) -> Store:
    """A store with a shard whose epochs 0 to 3 of 5 are committed."""
    store = Store(memory_url)
    journal = claimed(store)
    for epoch in range(4):
        journal.commit(epoch, b"state %d" % epoch, metrics_of(epoch))
    return store


@pytest.fixture
def warnings_logged(caplog: pytest.LogCaptureFixture):
    logger = logging.getLogger("neurograde")
    if not logger.propagate:
        logger.addHandler(caplog.handler)
    yield lambda: [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    logger.removeHandler(caplog.handler)


def put(store: Store, path: str, data: bytes) -> None:
    store.put(f"{FOLDER}/{path}", data)


def record_at(store: Store, path: str) -> dict:
    return json.loads(store.get(f"{FOLDER}/{path}"))


def edited(store: Store, path: str, **changes: object) -> bytes:
    return json.dumps(record_at(store, path) | changes).encode()


def finish(store: Store) -> list[int]:
    """Go on with the shard as a trainer does, and return the epochs of its history."""
    journal = Journal(store, FOLDER, EPOCHS)
    latest = journal.latest()
    journal.claim()
    for epoch in range(latest[0].epoch + 1 if latest else 0, 6):
        journal.commit(epoch, b"state %d" % epoch, metrics_of(epoch))
    return [epoch for commit in journal.commits() for epoch in commit.epochs]


OF_E0003 = "commits/e0003.json"
BEYOND = {"key": f"checkpoints/e0009-a01-{'0' * 12}.safetensors", "sha256": "0" * 64, "digest": None}
STRAYS = {
    "a copy by another name": ("commits/e-001.json", OF_E0003, {}),
    "a copy with a number": ("commits/e0004.json", OF_E0003, {}),
    "a copy whose epoch was edited": ("commits/e0004.json", OF_E0003, {"epoch": 4, "digest": None}),
    "another spelling of the number": ("commits/e3.json", OF_E0003, {}),
    "a number beyond all epochs": ("commits/e99999999.json", OF_E0003, {}),
    "an epoch beyond the last": ("commits/e0009.json", OF_E0003, {"epoch": 9, **BEYOND}),
    "a copy in a folder": ("commits/copy/e0004.json", OF_E0003, {}),
    "epochs before the first": ("commits/e0000.json", "commits/e0000.json", {"earlier": [{}], "digest": None}),
    "metrics of another shard's session": (OF_E0003, OF_E0003, {"metrics": {"z": None}, "digest": None}),
    "metrics beyond a session's end": (
        OF_E0003, OF_E0003, {"epoch": 4, "metrics": {"b": METRICS.model_dump()}, "digest": None},
    ),
    "metrics that were edited": (OF_E0003, OF_E0003, {"metrics": {"a": METRICS.model_dump() | {"valid_loss": 0.1}}}),
    "a truncated commit": ("commits/e0001.json", None, {}),
}  # fmt: skip


@pytest.mark.parametrize("stray", STRAYS)
def test_a_commit_that_lies_is_named_and_left_out_and_the_shard_ends_as_if_it_were_not_there(
    stray: str, store: Store, warnings_logged
):
    path, source, changes = STRAYS[stray]
    put(store, path, b'{"epo' if source is None else edited(store, source, **changes))
    assert finish(store) == [0, 1, 2, 3, 4, 5]
    assert any(path in line for line in warnings_logged())
    assert Journal(store, FOLDER, EPOCHS).commits()[3].metrics == metrics_of(3)


def test_what_is_left_out_is_logged_once_by_an_attempt(store: Store, warnings_logged):
    put(store, "commits/e-001.json", b"{}")
    put(store, "commits/e0009.json", store.get(f"{FOLDER}/{OF_E0003}"))
    journal = claimed(store)
    for _ in range(3):
        journal.latest(), journal.commits(), journal.prune(2)
    assert len(warnings_logged()) == 2


def test_a_commit_that_was_left_out_is_written_again_and_what_was_there_is_kept(store: Store):
    put(store, "commits/e0003.json", b"{")
    finish(store)
    assert record_at(store, "commits/e0003.json")["attempt"] == 2
    assert [store.get(key) for key in store.list(f"{FOLDER}/damaged")] == [b"{"]


def test_a_missing_commit_ends_the_history_before_it(store: Store):
    store.delete(f"{FOLDER}/commits/e0001.json")
    assert [commit.epoch for commit in Journal(store, FOLDER).commits()] == [0]
    assert finish(store) == [0, 1, 2, 3, 4, 5]


def test_an_epoch_that_two_commits_cover_is_in_the_history_once(store: Store):
    claimed(store).commit(5, b"state 5", metrics_of(5), earlier=tuple(map(metrics_of, (2, 3, 4))))
    commits = Journal(store, FOLDER, EPOCHS).commits()
    assert [epoch for commit in commits for epoch in commit.epochs] == [0, 1, 2, 3, 4, 5]


def test_a_commit_of_before_there_were_digests_is_read(store: Store):
    data = record_at(store, "commits/e0003.json")
    del data["digest"]
    put(store, "commits/e0003.json", json.dumps(data).encode())
    assert Journal(store, FOLDER, EPOCHS).latest()[0].epoch == 3


def test_a_commit_of_a_newer_format_ends_the_work_and_is_kept(store: Store):
    data = edited(store, "commits/e0003.json", format=9)
    put(store, "commits/e0003.json", data)
    with pytest.raises(DataError, match="format 9 is newer"):
        finish(store)
    assert store.get(f"{FOLDER}/commits/e0003.json") == data


@pytest.mark.parametrize("name", ["99999999", "7", "007", "x", "1 (copy)"])
def test_a_stray_attempt_fences_nobody_and_counts_for_nothing(store: Store, name: str):
    journal = Journal(store, FOLDER, EPOCHS)
    assert journal.claim() == 2
    put(store, f"attempts/{name}.json", store.get(f"{FOLDER}/attempts/1.json"))
    journal.commit(4, b"state 4", metrics_of(4))
    assert claimed(store).attempt == 3
    with pytest.raises(Fenced):
        journal.check_fence()
    for _ in range(4):
        claimed(store)
    with pytest.raises(NoProgress):
        claimed(store)


def test_a_truncated_attempt_is_passed_over(store: Store, warnings_logged):
    put(store, "attempts/2.json", b'{"attem')
    assert [claimed(store).attempt, claimed(store).attempt] == [3, 4]
    assert any("attempts/2.json is damaged" in line for line in warnings_logged())


@pytest.mark.parametrize("data", [b"", b'{"attempt": 1', b"\xff\xfe", b'{"attempt": 1}', b"[" * 100_000])
def test_a_damaged_heartbeat_is_left_out(store: Store, data: bytes, warnings_logged):
    journal = claimed(store)
    journal.heartbeat(4)
    put(store, "status/a01.json", data)
    assert list(journal.statuses()) == [2]
    assert any("status/a01.json is damaged" in line for line in warnings_logged())
