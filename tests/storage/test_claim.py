"""Claims: of two writers one publishes, the other is told, and nothing is left of either."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from neurograde.errors import Fenced, NameTaken
from neurograde.specs.records import Attempt, Status
from neurograde.storage import claim as claims
from neurograde.storage.claim import Claim, Fence
from neurograde.storage.store import Store
from tests.servers.fixtures import Bucket

FOLDER, CLAIM = "patches/demo", "claims/patches/demo/1.json"
OURS, THEIRS = "a" * 64, "b" * 64


@pytest.fixture
def store(memory_url: str) -> Store:
    return Store(memory_url)


def left(store: Store, seconds: int, work: str = THEIRS) -> None:
    """Leave a claim of other work behind, as a kill so many seconds ago does."""
    at = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="seconds")
    record = Attempt(attempt=1, resumes_from=None, token="x", claimed_at=at, machine={"host": "pod-7"}, work=work)
    store.create(CLAIM, record.encode())
    store.put("drafts/patches/demo/1-x/000001", b"half a draft")


def test_a_claim_of_other_work_that_is_alive_is_refused_with_its_age_and_host(store: Store):
    left(store, 400)
    store.put("claims/patches/demo/alive/1.json", Status(attempt=1, at=claims.now(), epoch=None).encode())
    with pytest.raises(NameTaken, match=r"claimed 7 min ago on pod-7, last heard of \d s ago .*--replace"):
        Claim(store, FOLDER, OURS)
    assert store.exists("drafts/patches/demo/1-x/000001")


@pytest.mark.parametrize(("seconds", "work", "replace"), [(5, OURS, False), (130, THEIRS, False), (5, THEIRS, True)])
def test_the_same_work_and_replace_take_over_at_once_and_anybody_after_two_minutes_of_silence(
    store: Store, seconds: int, work: str, *, replace: bool
):
    left(store, seconds, work)
    claim = Claim(store, FOLDER, OURS, replace=replace)
    assert claim.number == 2
    claim.check()
    assert store.exists("drafts/patches/demo/1-x/000001") == (seconds < 120)  # whose writer may still be at it
    claim.fulfil()
    assert store.list() == {}


def test_an_older_claim_finds_out_and_removes_only_what_is_its_own(store: Store):
    old = Claim(store, FOLDER, OURS)
    store.put(f"{old.draft}/000001", b"1")
    new = Claim(store, FOLDER, OURS)
    store.put(f"{new.draft}/000001", b"2")
    with pytest.raises(Fenced):
        old.check()
    old.release()
    new.check()
    assert store.get(f"{new.draft}/000001") == b"2"


def test_a_claim_whose_number_was_given_out_again_is_fenced_all_the_same(store: Store):
    old = Claim(store, FOLDER, OURS)
    Claim(store, FOLDER, OURS).fulfil()
    assert store.list() == {}
    with pytest.raises(Fenced):
        old.check()
    again = Claim(store, FOLDER, THEIRS)
    assert again.number == old.number == 1
    with pytest.raises(Fenced):
        old.check()
    again.check()


def test_the_heartbeat_tells_a_long_job_that_it_is_overtaken(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(claims, "SECONDS_BETWEEN_HEARTBEATS", 0.01)
    old = Claim(store, FOLDER, OURS)
    Claim(store, FOLDER, OURS)
    old._thread.join(timeout=10)
    with pytest.raises(Fenced, match="patches/demo: another job has claimed it since"):
        old.notice()


def test_a_heartbeat_keeps_a_claim_alive_and_ends_with_it(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(claims, "SECONDS_BETWEEN_HEARTBEATS", 0.01)
    claim = Claim(store, FOLDER, OURS)
    while not store.exists("claims/patches/demo/alive/1.json"):
        pass
    claim.fulfil()
    assert not claim._thread.is_alive()
    assert store.list() == {}


def test_a_job_that_is_asked_to_stop_leaves_the_name_free_at_once(store: Store):
    claim = Claim(store, FOLDER, THEIRS)
    store.put(f"{claim.draft}/000001", b"1")
    claim.leave()
    Claim(store, FOLDER, OURS).fulfil()
    assert store.list() == {}


def test_a_damaged_claim_holds_nobody_up(store: Store):
    store.put(CLAIM, b"{")
    assert Claim(store, FOLDER, OURS).number == 2


def test_of_many_claims_of_other_work_at_one_moment_one_wins(bucket: Bucket):
    def take(number: int) -> bool:
        try:
            Claim(Store(bucket.url), FOLDER, f"{number:064d}")
        except NameTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1


def test_a_claim_that_was_quicker_is_judged_before_it_is_overtaken(store: Store):
    class Raced(Store):
        def create(self, key: str, data: bytes) -> None:
            if not self.exists(CLAIM):
                Claim(Store(self.url), FOLDER, THEIRS)
            super().create(key, data)

    with pytest.raises(NameTaken):
        Claim(Raced(store.url), FOLDER, OURS)


def test_what_somebody_else_laid_among_drafts_stays_and_stops_nobody(store: Store):
    for name in ("notes.txt", "x/1", "-1/2", "99999999-x/1"):
        store.put(f"drafts/patches/demo/{name}", b"1")
    Claim(store, FOLDER, OURS).fulfil()
    assert len(store.list()) == 4


@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-28", "2026-11-28T10:00:00"])
def test_a_claim_without_a_time_holds_nobody_up(store: Store, at: str):
    left(store, 5)
    store.put(CLAIM, json.dumps(json.loads(store.get(CLAIM)) | {"claimed_at": at}).encode())
    assert Claim(store, FOLDER, OURS).number == 2


def test_numbers_are_those_of_claims_alone(store: Store):
    for name in ("2.json", "10.json", "11 (copy).json", "alive/99.json", "note.txt"):
        store.put(f"claims/patches/demo/{name}", b"{}")
    assert Fence(store, "claims/patches/demo").numbers() == [2, 10]
