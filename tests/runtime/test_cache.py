"""The local cache: whole or not at all, bounded, and never needed."""

from __future__ import annotations

import multiprocessing
import os
import resource
from pathlib import Path

import numpy as np
import pytest

from neurograde.runtime.cache import Cache, default_folder

MIB = 2**20


def keep(cache: Cache, key: str, value: int, size: int = MIB) -> np.ndarray:
    with cache.make(key, (size,), np.uint8) as array:
        array[:] = value
    return array


def test_what_was_made_is_found_again_by_its_key_and_cannot_be_changed(tmp_path: Path):
    cache = Cache(1, tmp_path)
    assert cache.find("key") is None
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    with cache.make("key", (3, 4), np.float32) as made:
        made[:] = values
    for array in (made, Cache(1, tmp_path).find("key")):
        np.testing.assert_array_equal(array, values)
        assert isinstance(array, np.memmap)
        assert not array.flags.writeable
    assert cache.find("ke") is None
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("harm", ["short", "empty", "changed", "no array"])
def test_a_damaged_file_is_named_and_removed(harm: str, tmp_path: Path, caplog):
    cache = Cache(1, tmp_path)
    keep(cache, "key", 7)
    (path,) = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes({"short": data[:-5], "empty": b"", "changed": data, "no array": b"none" * 100}[harm])
    assert cache.find("key") is None
    assert f"{path} is damaged" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_block_that_fails_leaves_nothing(tmp_path: Path):
    cache = Cache(1, tmp_path)
    with pytest.raises(RuntimeError), cache.make("key", (3,), np.uint8):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_the_least_recently_used_goes_first_and_what_is_mapped_stays_readable(tmp_path: Path):
    cache = Cache(3.5 / 1024, tmp_path)
    arrays = [keep(cache, f"key{number}", number) for number in range(3)]
    for age, number in enumerate((2, 0, 1)):
        (path,) = tmp_path.glob(f"key{number}-*")
        os.utime(path, (1e9 - age, 1e9 - age))
    cache.find("key1")
    keep(cache, "key3", 3)
    assert sorted(path.name[:4] for path in tmp_path.iterdir()) == ["key1", "key2", "key3"]
    assert (arrays[0] == 0).all()


@pytest.mark.parametrize("why", ["larger than the limit", "no folder", "a full disk"])
def test_what_cannot_be_kept_is_held_in_memory(why: str, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    cache = Cache(0 if why == "larger than the limit" else 1, tmp_path / ("file" if why == "no folder" else "new"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        if why == "a full disk":
            resource.setrlimit(resource.RLIMIT_FSIZE, (MIB // 2, hard))
        made = keep(cache, "key", 7)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (made == 7).all()
    assert not isinstance(made, np.memmap)
    assert not list((tmp_path / "new").glob("*"))
    assert cache.find("key") is None


def test_processes_that_make_the_same_at_once_leave_one_whole_file(tmp_path: Path):
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=keep, args=(Cache(1, tmp_path), "key", 7)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    found = Cache(1, tmp_path).find("key")
    assert found is not None
    assert (found == 7).all()
    assert len(list(tmp_path.iterdir())) == 1


def test_the_folder_is_that_of_the_environment_or_the_user_s(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEUROGRADE_CACHE", "/fast")
    assert default_folder() == Path("/fast")
    monkeypatch.delenv("NEUROGRADE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert default_folder() == Path("/caches/neurograde")


def test_a_pod_keeps_no_more_than_its_volume_holds_whatever_the_spec_allows(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("NEUROGRADE_CACHE_GIB", "1")
    assert (Cache(64, tmp_path).limit, Cache(0.5, tmp_path).limit) == (2**30, 2**29)
