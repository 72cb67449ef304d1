"""The servers of the tests do what the real ones do, and fail as they are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.fixtures import Bucket

KINDS = ["503", "403", "401", "507", "reset", "lost", "truncated", "shortened"]


def test_every_test_has_an_empty_bucket_and_no_faults(bucket: Bucket, tmp_path: Path):
    store = bucket.store()
    assert store.list() == {}
    assert bucket.faults.struck == 0
    store.put("x/a", b"left behind")
    bucket.faults.fail("GET", times=9)


test_and_so_has_the_next_one = test_every_test_has_an_empty_bucket_and_no_faults


@pytest.mark.parametrize("data", [b"", b"\r", b"\r\n", b"a\r", b"\n\n--", bytes(range(256)) * 8])
def test_bytes_come_back_as_they_went(bucket: Bucket, data: bytes):
    store = bucket.store()
    store.put("x/a", data)
    assert (store.get("x/a"), store.list()) == (data, {"x/a": len(data)})


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_strikes_the_requests_it_is_meant_for_and_no_others(bucket: Bucket, kind: str):
    filesystem = bucket.store()._fs
    root = bucket.url.split("://")[1]
    for name in ("a", "b"):
        filesystem.pipe_file(f"{root}/{name}", b"0123456789")
    bucket.faults.fail("GET", r"store/a", times=1_000, kind=kind, skip=1)
    assert filesystem.cat_file(f"{root}/a") == b"0123456789"
    try:
        found = filesystem.cat_file(f"{root}/a")
    except Exception as error:
        found = repr(error)
    assert found != b"0123456789"
    assert bucket.faults.struck > 0
    assert filesystem.cat_file(f"{root}/b") == b"0123456789"
    bucket.faults.clear()
    assert filesystem.cat_file(f"{root}/a") == b"0123456789"


def test_an_answer_is_lost_after_the_request_was_carried_out(bucket: Bucket):
    filesystem = bucket.store()._fs
    bucket.faults.fail("PUT|POST", kind="lost", times=1_000)
    with pytest.raises(Exception, match=r"isconnected|closed"):
        filesystem.pipe_file(f"{bucket.url}/a", b"there")
    assert filesystem.cat_file(f"{bucket.url}/a") == b"there"


def test_a_stale_listing_is_the_one_before_or_empty(bucket: Bucket):
    store = bucket.store()
    store.put("x/a", b"1")
    bucket.faults.fail("GET", kind="stale", times=2)
    assert store.list() == {}
    bucket.faults.clear()
    assert store.list() == {"x/a": 1}
    store.put("x/b", b"2")
    bucket.faults.fail("GET", kind="stale")
    assert store.list() == {"x/a": 1}
    assert store.list() == {"x/a": 1, "x/b": 1}
