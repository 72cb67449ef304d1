"""Whatever a store does to an attempt, it goes on or ends with the right code, and the end is that of a quiet store."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from neurograde.errors import AccessDenied, StoreUnavailable
from neurograde.storage import journal
from neurograde.storage.artefact import read_manifest
from neurograde.storage.store import Store
from tests.support.shards import SHARD, Plan, attempt_at, nothing_is_half_there, results

ANY = "GET|HEAD|PUT|POST|DELETE"
WRITE = "PUT|POST"
BLOB, COMMIT, RESULT, MANIFEST = 2, 3, 6, 9  # writes before these: a claim, a heartbeat, ...
FOREVER = 1_000_000


@pytest.fixture
def begun(bucket):
    """A shard that an attempt has left in epoch 1, and what a quiet store would have in the end."""
    quiet = Store(f"{bucket.url}/quiet")
    assert attempt_at(quiet) == 0
    store = Store(f"{bucket.url}/rough")
    assert attempt_at(store, Plan(stop_at=1)) == 1
    bucket.faults.clear()
    return store, results(quiet), bucket.faults


@pytest.mark.parametrize("kind", ["503", "reset", "lost", "truncated"])
def test_a_fault_at_any_step_that_passes_is_not_noticed(begun, kind: str):
    store, expected, faults = begun
    for number in range(12):
        faults.fail(ANY, times=1, kind=kind, skip=3 * number)
    assert attempt_at(store) == 0
    assert faults.struck == 12
    assert results(store) == expected


@pytest.mark.parametrize("folder", ["attempts", "commits", "checkpoints"])
def test_a_stale_listing_costs_work_but_no_truth(begun, folder: str):
    store, expected, faults = begun
    faults.fail("GET", folder, times=1, kind="stale")
    assert attempt_at(store) in (0, 75)
    assert attempt_at(store) == 0
    assert results(store) == expected
    assert not store.list(f"{SHARD}/conflicts")


@pytest.mark.parametrize(
    ("writes", "kind", "code"),
    [
        (BLOB, "403", AccessDenied.exit_code),
        (COMMIT, "reset", StoreUnavailable.exit_code),
        (RESULT, "507", StoreUnavailable.exit_code),
        (MANIFEST, "403", AccessDenied.exit_code),
    ],
)
def test_a_store_that_takes_no_more_ends_the_attempt_and_the_next_goes_on(begun, writes: int, kind: str, code: int):
    store, expected, faults = begun
    faults.fail(WRITE, times=FOREVER, kind=kind, skip=writes)
    assert attempt_at(store) == code
    faults.clear()
    assert read_manifest(store, SHARD) is None
    nothing_is_half_there(store)
    assert attempt_at(store) == 0
    assert results(store) == expected


def test_a_store_that_takes_no_heartbeat_does_not_end_the_attempt(s3):
    assert attempt_at(quiet := Store(f"{s3.url}/quiet")) == 0
    s3.faults.fail(WRITE, "/status/", times=FOREVER, kind="403")
    assert attempt_at(rough := Store(f"{s3.url}/rough")) == 0
    assert s3.faults.struck >= 2
    assert results(rough) == results(quiet)


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
def test_no_decision_hangs_on_the_wall_clock(begun, monkeypatch: pytest.MonkeyPatch, jump: timedelta):
    store, expected, _ = begun
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump.total_seconds())
    monkeypatch.setattr(journal, "now", lambda: (datetime.now(UTC) + jump).isoformat(timespec="seconds"))
    assert attempt_at(store) == 0
    assert results(store) == expected
