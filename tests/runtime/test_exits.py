"""Exit codes on a cluster: what no retry can mend ends with none of the codes that are tried again."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from jobs.verify import verify
from neurograde.errors import UsageError
from neurograde.runtime.cache import CACHE_LIMIT, Cache
from neurograde.runtime.exits import run
from neurograde.storage.edge import PATIENCE_SECONDS, Patience, patience_of
from neurograde.storage.store import Store

TRIED_AGAIN = {1, 69, 75}


def code_of(action) -> int:
    return run("patch", lambda: action() and 0)


def test_a_store_whose_path_leads_through_a_file_is_a_mistake_of_the_spec(tmp_path: Path):
    (tmp_path / "file").write_text("1")
    store = Store(f"file://{tmp_path}/file/store")
    assert code_of(lambda: store.put("a/b", b"1")) == 78
    assert code_of(lambda: store.create("a/b", b"1")) == 78


def test_a_path_that_is_too_long_is_a_mistake_of_the_spec(tmp_path: Path):
    assert code_of(lambda: Store(f"file://{tmp_path}/{'x' * 300}").put("a", b"1")) == 78


def test_an_object_in_whose_place_a_folder_lies_is_a_mistake_of_the_spec(tmp_path: Path):
    store = Store(f"file://{tmp_path}")
    store.put("a/b", b"1")
    assert code_of(lambda: store.put("a", b"1")) == 78


def test_a_file_that_may_not_be_written_is_no_bug_of_ours():
    def write() -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/results")

    assert code_of(write) == 77


@pytest.mark.parametrize("text", ["x", "-1", "nan", "inf", "1e999", "\u00b2"])
def test_a_patience_that_is_no_number_is_that_of_the_default(text: str):
    assert patience_of({PATIENCE_SECONDS: text}) == Patience()


def test_a_cache_limit_that_is_no_number_is_a_mistake_of_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv(CACHE_LIMIT, "many")
    with pytest.raises(UsageError, match="NEUROGRADE_CACHE_GIB='many'"):
        Cache(1.0, tmp_path)


@pytest.mark.parametrize("url", ["", "s3:", "gs:/bucket", "C:\\store", "nothing://x", "file://\0", "memory://"])
def test_no_address_of_a_store_ends_with_a_code_that_is_tried_again(url: str):
    assert verify.main([url]) not in TRIED_AGAIN
