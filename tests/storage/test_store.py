"""The contract of a store, the same for every backend."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from neurograde.errors import AccessDenied, SpecError, StoreUnavailable
from neurograde.storage.store import Store, check_key, edge


class StoreContract(ABC):
    """What every store does; a subclass says how one is made."""

    @abstractmethod
    def make(self, tmp_path: Path) -> Store: ...

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return self.make(tmp_path)

    def test_what_is_put_is_got_whole(self, store: Store):
        store.put("a/b c/µ[1].bin", b"\x00one")
        assert store.get("a/b c/µ[1].bin") == b"\x00one"

    def test_a_put_replaces_the_whole_object(self, store: Store):
        store.put("a/b", b"a longer one")
        store.put("a/b", b"two")
        assert store.get("a/b") == b"two"

    def test_a_missing_object_is_file_not_found(self, store: Store):
        with pytest.raises(FileNotFoundError):
            store.get("a/none")
        assert not store.exists("a/none")

    def test_the_whole_store_is_listed_when_no_folder_is_named(self, store: Store):
        assert store.list() == {}
        store.put("b/c", b"12")
        store.put("a", b"1")
        assert list(store.list().items()) == [("a", 1), ("b/c", 2)]

    def test_create_refuses_a_second_writer_and_keeps_the_first(self, store: Store):
        store.create("a/claim", b"first")
        with pytest.raises(FileExistsError, match="another writer"):
            store.create("a/claim", b"second")
        assert store.get("a/claim") == b"first"

    def test_create_of_the_same_bytes_counts_as_ours(self, store: Store):
        store.create("a/claim", b"ours")
        store.create("a/claim", b"ours")
        assert store.get("a/claim") == b"ours"

    def test_of_many_creators_one_wins(self, store: Store):
        won = []

        def claim(number: int) -> None:
            try:
                store.create("a/claim", b"%d" % number)
                won.append(number)
            except FileExistsError:
                pass

        threads = [threading.Thread(target=claim, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [b"%d" % number for number in won] == [store.get("a/claim")]

    def test_a_listing_holds_every_object_below_with_its_size(self, store: Store):
        store.put("x/b/2", b"22")
        store.put("x/a", b"1")
        store.put("xy/c", b"333")
        assert store.list("x") == {"x/a": 1, "x/b/2": 2}
        assert store.list("nothing") == {}

    def test_a_listing_sees_what_another_handle_wrote_a_moment_ago(self, store: Store):
        other = Store(store.url)
        assert store.list("x") == {}
        other.put("x/new", b"1")
        assert store.list("x") == {"x/new": 1}

    def test_deleting_twice_is_no_error(self, store: Store):
        store.put("x/a", b"1")
        store.delete("x/a")
        store.delete("x/a")
        assert not store.exists("x/a")

    def test_clearing_a_folder_leaves_its_neighbours(self, store: Store):
        store.put("x/a", b"1")
        store.put("xy/c", b"1")
        store.clear("x")
        store.clear("x")
        assert store.list("x") == {}
        assert store.exists("xy/c")

    def test_many_objects_go_and_come_in_order(self, store: Store):
        objects = [(f"m/{number:03d}", bytes([number])) for number in range(50)]
        store.put_many(objects)
        assert list(store.get_many(key for key, _ in objects)) == [data for _, data in objects]

    @pytest.mark.parametrize("key", ["../up", "a/../../up", "/etc/passwd", "a//b", "", "a/.", "a\\b", "a\nb"])
    def test_no_key_leaves_the_store(self, store: Store, key: str):
        with pytest.raises(ValueError, match="no key of a store"):
            store.put(key, b"")


class TestMemoryStore(StoreContract):
    def make(self, tmp_path: Path) -> Store:
        return Store(f"memory://{tmp_path.name}-{os.getpid()}")


class TestLocalStore(StoreContract):
    def make(self, tmp_path: Path) -> Store:
        return Store(f"file://{tmp_path}/store")

    def test_a_file_under_way_is_never_listed(self, tmp_path: Path):
        store = self.make(tmp_path)
        store.put("x/a", b"1")
        (tmp_path / "store" / "x" / ".part-0123").write_bytes(b"half")
        assert store.list("x") == {"x/a": 1}

    def test_a_write_leaves_no_temporary_file_behind(self, tmp_path: Path):
        store = self.make(tmp_path)
        store.put("x/a", b"1")
        store.create("x/b", b"1")
        with pytest.raises(FileExistsError):
            store.create("x/b", b"2")
        assert sorted(path.name for path in (tmp_path / "store" / "x").iterdir()) == ["a", "b"]


def test_an_unknown_scheme_is_an_invalid_spec():
    with pytest.raises(SpecError, match="bogus"):
        Store("bogus://bucket/x")


def test_a_key_may_have_spaces_and_any_letters():
    assert check_key("Fälle/case 1/ü.png") == "Fälle/case 1/ü.png"


class GcsfsError(Exception):
    """Stands for an error class of a backend, which has no built-in base."""

    __module__ = "gcsfs.retry"


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (FileNotFoundError("x"), FileNotFoundError),
        (FileExistsError("x"), FileExistsError),
        (PermissionError("x"), AccessDenied),
        (OSError("Forbidden: x"), AccessDenied),
        (OSError(28, "No space left on device"), StoreUnavailable),
        (ConnectionRefusedError("x"), StoreUnavailable),
        (TimeoutError("x"), StoreUnavailable),
        (GcsfsError("503"), StoreUnavailable),
        (ZeroDivisionError("a bug of ours"), ZeroDivisionError),
    ],
)
def test_what_a_backend_raises_comes_out_as_the_contract_says(raised: Exception, expected: type[Exception]):
    with pytest.raises(expected), edge("gs://bucket/key"):
        raise raised
