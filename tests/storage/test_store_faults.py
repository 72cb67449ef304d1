"""Both clouds over HTTP, failing in every way they can: what comes out is right, or one clear error with its code."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from neurograde.errors import AccessDenied, NeurogradeError, SpecError, Stopped, StoreUnavailable
from neurograde.runtime.signals import sigterm_stops
from neurograde.storage import edge
from neurograde.storage.backends import backend
from neurograde.storage.edge import Patience, insist
from neurograde.storage.store import Store
from tests.servers.faults import FOREVER
from tests.servers.fixtures import Bucket
from tests.support.faults import ANY, PASSING

WRITES = "PUT|POST"

STAYING: dict[str, tuple[type[NeurogradeError], int]] = {
    "503": (StoreUnavailable, 69),
    "reset": (StoreUnavailable, 69),
    "507": (StoreUnavailable, 69),
    "400": (SpecError, 78),
    "403": (AccessDenied, 77),
}
OBJECTS = {"x/a": b"0123456789", "x/b": b"9876543210"}
ACTS: dict[str, Callable[[Store], object]] = {
    "get": lambda store: store.get("x/a"),
    "put": lambda store: store.put("x/new", b"0123456789"),
    "create": lambda store: store.create("x/new", b"0123456789"),
    "exists": lambda store: (store.exists("x/a"), store.exists("x/none")),
    "list": lambda store: store.list("x"),
    "delete": lambda store: store.delete("x/b"),
    "clear": lambda store: store.clear("x"),
    "get_many": lambda store: list(store.get_many(["x/a", "x/b"] * 20)),
    "put_many": lambda store: store.put_many((f"x/{number}", b"1") for number in range(40)),
}


@pytest.fixture
def store(bucket: Bucket) -> Store:
    store = bucket.store()
    store.put_many(OBJECTS.items())
    return store


@pytest.fixture
def short_patience(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "PATIENCE", Patience(seconds=0.03, first_wait=0.005, longest_wait=0.01))


@pytest.mark.parametrize("act", ACTS)
def test_a_fault_that_passes_is_not_noticed(store: Store, bucket: Bucket, act: str):
    expected = ACTS[act](store)
    after = store.list()
    for kind in PASSING:
        store.clear("x")
        store.put_many(OBJECTS.items())
        bucket.faults.fail(ANY, times=3, kind=kind)
        assert ACTS[act](store) == expected, kind
        assert bucket.faults.struck > 0, kind
        bucket.faults.clear()
        assert store.list() == after, kind


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.usefixtures("short_patience")
def test_a_fault_that_stays_is_one_error_with_its_code(store: Store, bucket: Bucket, act: str):
    before = store.list()
    for kind, (error, code) in STAYING.items():
        bucket.faults.fail(ANY, times=FOREVER, kind=kind)
        with pytest.raises(error, match=bucket.url) as raised:
            ACTS[act](store)
        assert "\n" not in str(raised.value), kind
        assert raised.value.exit_code == code, kind
        bucket.faults.clear()
        assert store.list() == before, kind


@pytest.mark.usefixtures("short_patience")
def test_no_identity_at_all_is_permission_denied_after_the_patience(store: Store, bucket: Bucket):
    bucket.faults.fail(ANY, times=FOREVER, kind="401")
    with pytest.raises(AccessDenied, match="tries in") as raised:
        store.get("x/a")
    assert raised.value.exit_code == 77


def test_permission_denied_is_said_at_once(store: Store, bucket: Bucket):
    bucket.faults.fail(ANY, times=FOREVER, kind="403")
    with pytest.raises(AccessDenied):
        store.get("x/a")
    assert bucket.faults.struck == 1


def test_a_create_whose_answer_is_lost_is_ours(store: Store, bucket: Bucket):
    bucket.faults.fail(WRITES, kind="lost", times=3)
    store.create("x/claim", b"ours")
    assert store.get("x/claim") == b"ours"
    with pytest.raises(FileExistsError, match="another writer"):
        store.create("x/claim", b"theirs")


def test_a_create_that_another_writer_won_while_our_answer_was_lost_is_theirs(store: Store, bucket: Bucket):
    store.create("x/claim", b"theirs")
    bucket.faults.fail(WRITES, kind="lost", times=2)
    with pytest.raises(FileExistsError, match="another writer"):
        store.create("x/claim", b"ours")
    assert store.get("x/claim") == b"theirs"


def test_a_body_that_was_shortened_on_the_way_is_noticed_by_its_checksum(store: Store, bucket: Bucket):
    bucket.faults.fail("GET", r"x/a", kind="shortened", times=2)
    assert store.get("x/a") == b"0123456789"
    assert bucket.faults.struck == 2


@pytest.mark.usefixtures("short_patience")
def test_a_body_that_is_never_whole_is_an_unreachable_store_and_not_half_an_object(store: Store, bucket: Bucket):
    for kind in ("truncated", "shortened"):
        bucket.faults.clear()
        bucket.faults.fail("GET", r"x/a", kind=kind, times=FOREVER)
        with pytest.raises(StoreUnavailable, match="tries in"):
            store.get("x/a")


def test_a_stale_listing_hides_no_object_from_those_who_ask_for_it(store: Store, bucket: Bucket):
    store.list("x")
    store.create("x/claim", b"ours")
    bucket.faults.fail("GET", kind="stale", times=FOREVER)
    assert "x/claim" not in store.list("x")
    assert store.exists("x/claim")
    assert store.get("x/claim") == b"ours"
    with pytest.raises(FileExistsError):
        store.create("x/claim", b"theirs")


def test_a_server_that_says_nothing_is_left_after_a_while(bucket: Bucket, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(backend, "SILENCE_SECONDS", 0.2)
    store = bucket.store()
    store.put("x/a", b"1")
    bucket.faults.fail("GET|HEAD", kind="stalled")
    started = time.monotonic()
    assert store.get("x/a") == b"1"
    assert time.monotonic() - started > 0.15
    assert bucket.faults.struck == 1


@pytest.mark.usefixtures("short_patience")
def test_a_store_that_is_not_there_is_said_within_the_patience(bucket: Bucket, monkeypatch: pytest.MonkeyPatch):
    for name in ("STORAGE_EMULATOR_HOST", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    store, started = bucket.store(), time.monotonic()
    with pytest.raises(StoreUnavailable, match="tries in") as raised:
        store.get("x/a")
    assert raised.value.exit_code == 69
    assert time.monotonic() - started < 10


def test_the_patience_with_its_silences_is_below_a_minute():
    assert edge.Patience().seconds + 2 * backend.SILENCE_SECONDS < 60


def test_an_identity_that_comes_late_is_waited_for_and_looked_up_again(store: Store, bucket: Bucket):
    stranger = store._fs
    bucket.faults.fail(ANY, kind="401", times=3)
    assert store.get("x/a") == b"0123456789"
    assert store._fs is not stranger


def test_a_wall_clock_that_jumps_changes_nothing(store: Store, bucket: Bucket, monkeypatch: pytest.MonkeyPatch):
    jumps, true = iter([1e9, -1e9, 3600.0, 0.0] * 10_000), time.time
    monkeypatch.setattr(time, "time", lambda: true() + next(jumps))
    bucket.faults.fail(ANY, times=6)
    assert store.get("x/a") == b"0123456789"
    assert bucket.faults.struck == 6


def test_waits_grow_to_their_limit_and_end_at_the_deadline(monkeypatch: pytest.MonkeyPatch):
    now, waits = [100.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", sleep)

    def unreachable() -> None:
        now[0] += 50  # a long transfer, that breaks
        raise ConnectionResetError

    with pytest.raises(StoreUnavailable, match="2 tries"):
        insist("gs://b/k", unreachable)
    del waits[:]

    def refused() -> None:
        raise ConnectionRefusedError

    with pytest.raises(StoreUnavailable, match=r"in (2\d|30) s"):
        insist("gs://b/k", refused)
    for number, seconds in enumerate(waits):
        middle = min(0.25 * 2**number, 5.0)
        assert 0.5 * middle <= seconds <= 1.5 * middle
    assert 20 < sum(waits) <= 30
    assert len({wait / min(0.25 * 2**number, 5.0) for number, wait in enumerate(waits)}) == len(waits)  # jittered


def test_whoever_is_asked_to_stop_waits_for_no_transfer(bucket: Bucket):
    store = bucket.store()
    store.put("x/a", b"1")
    bucket.faults.fail("GET|HEAD", kind="stalled", times=FOREVER)

    started = time.monotonic()
    with sigterm_stops():
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(Stopped):
            list(store.get_many(["x/a"] * 40))
    assert time.monotonic() - started < 2


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("act", ["put", "create"])
def test_a_writer_that_is_killed_leaves_no_half_object(bucket: Bucket, act: str):
    child = os.fork()
    if not child:
        store = bucket.store()
        bucket.faults.fail(WRITES, kind="stalled", times=FOREVER)
        signal.setitimer(signal.ITIMER_REAL, 0.3)  # SIGALRM without a handler: dead at once
        getattr(store, act)("x/a", bytes(1_000_000))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGALRM
    bucket.faults.clear()
    assert bucket.store().list() == {}
