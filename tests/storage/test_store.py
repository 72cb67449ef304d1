"""The contract of a store, the same for every backend: memory, a local folder, and two clouds over HTTP."""

from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path

import fsspec
import pytest

from neurograde.errors import AccessDenied, DataError, SpecError, StoreUnavailable
from neurograde.storage.backends import local
from neurograde.storage.backends.backend import Backend, backend_of
from neurograde.storage.claim import Claim
from neurograde.storage.edge import judge
from neurograde.storage.store import Store, check_key
from tests.servers.fixtures import Bucket

ODD_NAMES = [
    "a b", "µ[1]", "Fälle", "切片", "100%", "a%20b", "a#1", "a+b", "a?b=c", "*", "{}", "a&b", "a'b", "~", "a=1;b",
    "a:b", "a@b", "...", " ", "x" * 255,
]  # fmt: skip
NO_KEYS = [
    "../up", "a/../../up", "/etc/passwd", "a//b", "", "a/.", "a\\b", "a\nb", "a\x7f", "a\x85b", "a\u2028b", "\ud800",
    "x" * 256, "ü" * 128, "/".join(["x" * 100] * 11), "a/.part-0123",
]  # fmt: skip


class StoreContract:
    """What every store does; a subclass says how one is made, by a fixture `store`."""

    def test_what_is_put_is_got_whole(self, store: Store):
        store.put("a/b", b"\x00one")
        assert store.get("a/b") == b"\x00one"

    def test_objects_of_odd_names_are_put_created_listed_got_and_deleted(self, store: Store):
        for name in ODD_NAMES:
            store.put(f"odd/{name}/{name}", b"one")
            store.create(f"odd/{name}/other", b"two")
            assert store.list(f"odd/{name}") == {f"odd/{name}/{key}": 3 for key in sorted([name, "other"])}
            assert store.get(f"odd/{name}/{name}") == b"one"
            store.delete(f"odd/{name}/{name}")
            assert not store.exists(f"odd/{name}/{name}"), name
            assert store.exists(f"odd/{name}/other"), name
        assert len(store.list("odd")) == len(ODD_NAMES)

    def test_bytes_come_back_as_they_went(self, store: Store):
        for number, data in enumerate([b"", b"\r", b"\n", b"\r\n", b"\x00", bytes(range(256)) * 8192]):
            store.put(f"{number}/put", data)
            store.create(f"{number}/created", data)
            assert store.get(f"{number}/put") == store.get(f"{number}/created") == data
            assert store.list(f"{number}") == {f"{number}/created": len(data), f"{number}/put": len(data)}

    def test_a_put_replaces_the_whole_object(self, store: Store):
        store.put("a/b", b"a longer one")
        store.put("a/b", b"two")
        assert store.get("a/b") == b"two"

    def test_a_missing_object_is_file_not_found(self, store: Store):
        with pytest.raises(FileNotFoundError):
            store.get("a/none")
        assert not store.exists("a/none")

    def test_a_folder_is_no_object(self, store: Store):
        store.put("a/b/c", b"1")
        assert not store.exists("a/b")

    def test_create_refuses_a_second_writer_and_keeps_the_first(self, store: Store):
        store.create("a/claim", b"first")
        with pytest.raises(FileExistsError, match="another writer"):
            store.create("a/claim", b"second")
        assert store.get("a/claim") == b"first"

    def test_create_of_the_same_bytes_counts_as_ours(self, store: Store):
        store.create("a/claim", b"ours")
        store.create("a/claim", b"ours")
        assert store.get("a/claim") == b"ours"

    def test_a_promoted_object_has_its_new_name_and_never_takes_that_of_another(self, store: Store):
        for name in ODD_NAMES:
            store.put(f"drafts/{name}", name.encode())
            store.promote(f"drafts/{name}", f"x/{name}/{name}")
            assert store.get(f"x/{name}/{name}") == name.encode()
        store.put("drafts/late", b"of an older writer")
        with pytest.raises(FileExistsError):
            store.promote("drafts/late", "x/~/~")
        assert store.get("x/~/~") == b"~"
        with pytest.raises(FileNotFoundError):
            store.promote("drafts/none", "x/none")

    def test_a_deleted_name_can_be_created_again(self, store: Store):
        store.create("a/claim", b"first")
        store.delete("a/claim")
        store.create("a/claim", b"second")
        assert store.get("a/claim") == b"second"

    def test_of_sixteen_creators_at_one_moment_one_wins(self, store: Store):
        for race in range(3):
            won, start = [], threading.Barrier(16)

            def claim(number: int, key: str = f"a/claim-{race}", won: list = won, start=start) -> None:
                start.wait()
                try:
                    store.create(key, b"%d" % number)
                    won.append(number)
                except FileExistsError:
                    pass

            threads = [threading.Thread(target=claim, args=(number,)) for number in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert [b"%d" % number for number in won] == [store.get(f"a/claim-{race}")]

    def test_a_listing_holds_every_object_below_with_its_size(self, store: Store):
        store.put("x/b/2", b"22")
        store.put("x/a", b"1")
        store.put("xy/c", b"333")
        assert store.list("x") == {"x/a": 1, "x/b/2": 2}
        assert store.list("nothing") == {}
        assert store.list() == {"x/a": 1, "x/b/2": 2, "xy/c": 3}

    def test_an_object_is_not_in_the_folder_of_its_name(self, store: Store):
        store.put("x/a", b"1")
        assert store.list("x/a") == {}

    def test_a_listing_sees_what_another_handle_did_a_moment_ago(self, store: Store):
        other = Store(store.url)
        assert store.list("x") == {}
        other.put("x/new", b"1")
        assert store.list("x") == {"x/new": 1}
        other.put("x/new", b"22")
        assert (store.list("x"), store.get("x/new")) == ({"x/new": 2}, b"22")
        other.delete("x/new")
        assert (store.list("x"), store.exists("x/new")) == ({}, False)

    def test_deleting_twice_is_no_error(self, store: Store):
        store.put("x/a", b"1")
        store.delete("x/a")
        store.delete("x/a")
        store.delete("nowhere/at/all")
        assert not store.exists("x/a")

    def test_clearing_a_folder_leaves_its_neighbours(self, store: Store):
        store.put_many([(f"x/{number}", b"1") for number in range(40)])
        store.put("xy/c", b"1")
        store.clear("x")
        store.clear("x")
        assert store.list() == {"xy/c": 1}

    def test_many_objects_go_and_come_in_order(self, store: Store):
        objects = [(f"m/{number:03d}", bytes([number])) for number in range(64)]
        store.put_many(objects)
        assert list(store.list("m")) == [key for key, _ in objects]
        assert list(store.get_many(key for key, _ in objects)) == [data for _, data in objects]

    def test_of_many_objects_only_a_few_are_asked_for_ahead(self, store: Store):
        asked = itertools.count()
        store.put("m/a", b"1")
        found = store.get_many("m/a" for _ in asked)  # endless
        assert [next(found) for _ in range(5)] == [b"1"] * 5
        found.close()
        assert next(asked) < 50

    def test_a_missing_one_among_many_is_file_not_found(self, store: Store):
        store.put("m/a", b"1")
        with pytest.raises(FileNotFoundError):
            list(store.get_many(["m/a", "m/none", *["m/a"] * 50]))

    def test_after_an_error_among_many_nothing_more_is_written(self, store: Store):
        objects = ((f"m/{number}" if number != 20 else "../up", b"1") for number in itertools.count())
        with pytest.raises(ValueError, match="no key of a store"):
            store.put_many(objects)
        before = store.list()
        assert len(before) < 60
        assert store.list() == before

    def test_no_key_leaves_the_store(self, store: Store):
        for key in NO_KEYS:
            for act in (store.get, store.exists, store.delete):
                with pytest.raises(ValueError, match="no key of a store"):
                    act(key)
            for write in (store.put, store.create):
                with pytest.raises(ValueError, match="no key of a store"):
                    write(key, b"")
        assert store.list() == {}


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self, memory_url: str) -> Store:
        return Store(memory_url)


class TestGcsStore(StoreContract):
    @pytest.fixture
    def store(self, gcs: Bucket) -> Store:
        return gcs.store()


class TestS3Store(StoreContract):
    @pytest.fixture
    def store(self, s3: Bucket) -> Store:
        return s3.store()


class TestLocalStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return Store(f"file://{tmp_path}/store")

    def test_a_file_under_way_is_never_listed(self, store: Store, tmp_path: Path):
        store.put("x/a", b"1")
        (tmp_path / "store" / "x" / ".part-0123").write_bytes(b"half")
        assert store.list("x") == {"x/a": 1}
        store.clear("x")
        assert not (tmp_path / "store" / "x").exists()

    def test_a_write_leaves_no_temporary_file_behind(self, store: Store, tmp_path: Path):
        store.put("x/a", b"1")
        store.create("x/b", b"1")
        with pytest.raises(FileExistsError):
            store.create("x/b", b"2")
        assert sorted(path.name for path in (tmp_path / "store" / "x").iterdir()) == ["a", "b"]

    def test_an_object_that_is_no_file_is_never_opened(self, store: Store, tmp_path: Path):
        store.put("x/a", b"1")
        os.mkfifo(tmp_path / "store" / "x" / "fifo")
        (tmp_path / "store" / "x" / "zero").symlink_to("/dev/zero")
        for key, kind in (("x/fifo", "a FIFO"), ("x/zero", "a character device")):
            with pytest.raises(DataError, match=f"{key} is {kind}, and is not opened"):
                store.get(key)
        with pytest.raises(FileNotFoundError):
            store.get("x")

    def test_what_killed_writers_left_goes_with_the_next_write_into_its_folder(self, store: Store, tmp_path: Path):
        folder = tmp_path / "store" / "x"
        folder.mkdir(parents=True)
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        gone = [f".part-{local.MACHINE}-{dead.pid}-00", ".part-0123", f".part-00000000-{os.getpid()}-01"]
        kept = [f".part-{local.MACHINE}-{os.getpid()}-02", f".part-00000000-{dead.pid}-03", ".part-0456"]
        for name in (*gone, *kept):
            (folder / name).write_bytes(b"half")
        for name in gone[1:]:  # days ago, on another machine or by an older version
            os.utime(folder / name, (0, 0))
        store.put("x/a", b"1")
        assert sorted(path.name for path in folder.iterdir()) == sorted([*kept, "a"])

    @pytest.mark.parametrize("act", ["put", "create"])
    def test_the_bytes_are_on_the_disk_before_the_name_and_the_name_before_the_end(
        self, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str
    ):
        target, synced = tmp_path / "store" / "deep" / "x" / "a", []

        def watched(descriptor: int, sync=os.fsync) -> None:
            synced.append((Path(f"/proc/self/fd/{descriptor}").readlink(), target.exists()))
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", watched)
        getattr(store, act)("deep/x/a", b"1")
        folders = [tmp_path, tmp_path / "store", tmp_path / "store" / "deep"]
        assert synced[:3] == [(folder, False) for folder in folders]  # a new folder is a name in the one above
        assert synced[3][0].name.startswith(".part-")
        assert synced[3][1] is False
        assert synced[4:] == [(target.parent, True)]

    @pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
    def test_a_disk_that_is_full_keeps_the_old_object_and_no_half_one(self, store: Store, tmp_path: Path):
        import resource

        store.put("x/a", b"old")
        child = os.fork()
        if not child:  # a limit can be lowered, but not raised again
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
            codes = []
            for act, key in ((store.put, "x/a"), (store.create, "x/b")):
                try:
                    act(key, bytes(2000))
                except StoreUnavailable as error:
                    codes.append(error.exit_code)
            os._exit(0 if codes == [69, 69] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert store.get("x/a") == b"old"
        assert [path.name for path in (tmp_path / "store" / "x").iterdir()] == ["a"]


def test_marks_of_folders_that_consoles_leave_are_no_objects(bucket: Bucket):
    store, root = bucket.store(), bucket.url.split("://")[1]
    store.put("x/a", b"1")
    foreign = store._fs
    foreign.pipe_file(f"{root}/x/b/", b"")
    foreign.pipe_file(f"{root}/x/", b"")
    assert store.list("x") == store.list() == {"x/a": 1}


def test_what_a_foreign_tool_wrote_is_read_at_once(bucket: Bucket):
    store, root = bucket.store(), bucket.url.split("://")[1]
    assert store.list("x") == {}
    Store(bucket.url)._fs.pipe_file(f"{root}/x/a", b"longer than before")
    assert (store.list("x"), store.get("x/a")) == ({"x/a": 18}, b"longer than before")


def test_a_bucket_that_is_not_there_is_a_mistake_of_the_spec(bucket: Bucket):
    store = Store(bucket.url.replace("://", "://no-such-"))
    for act in (lambda: store.put("a", b"1"), lambda: store.create("a", b"1"), lambda: store.list("x")):
        with pytest.raises(SpecError, match="no such bucket"):
            act()


def test_an_object_larger_than_one_request_is_created_once(gcs: Bucket):
    store, data = gcs.store(), bytes(range(256)) * 4096 * 51
    store.create("large", data)
    with pytest.raises(FileExistsError):
        store.create("large", data[:-1])
    assert store.get("large") == data


def test_an_unknown_scheme_is_an_invalid_spec():
    with pytest.raises(SpecError, match="bogus"):
        Store("bogus://bucket/x")


SLIPS = [
    "gs:/bucket/x",
    "gs:bucket",
    "gs:",
    "gs://",
    "s3:bucket",
    "C:\\store",
    "file://C:\\store",
    "file:/x",
    "out\\x",
    "file://a:b",
]


@pytest.mark.parametrize("url", SLIPS)
def test_a_url_with_a_slip_is_refused_and_never_a_folder_of_the_working_directory(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match="is no store: accepted are gs://bucket/folder"):
        Store(url).put("a", b"1")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_may_have_a_colon_where_it_looks_like_no_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Store("./a:b").put("a", b"1")
    assert Store(f"file://{tmp_path}/a:b").get("a") == b"1"


def test_every_store_speaks_of_one_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Store("out/demo/").put("a", b"1")
    assert Store(f"file://{tmp_path}/out/demo").get("a") == Store(str(tmp_path / "out" / "demo")).get("a") == b"1"


def test_a_store_in_memory_is_seen_by_everyone_in_the_process(memory_url: str):
    Store(memory_url).put("a", b"1")
    assert fsspec.open(f"{memory_url}/a").open().read() == b"1"


def test_a_key_may_have_spaces_and_any_letters():
    assert check_key("Fälle/case 1/ü.png") == "Fälle/case 1/ü.png"


class GcsfsError(Exception):
    """Stands for an error class of a backend, which has no built-in base."""

    __module__ = "gcsfs.retry"


@pytest.mark.parametrize(
    ("raised", "expected", "may_pass"),
    [
        (FileNotFoundError("x"), FileNotFoundError, False),
        (FileExistsError("x"), FileExistsError, False),
        (PermissionError("x"), AccessDenied, False),
        (OSError("Forbidden: x"), AccessDenied, False),
        (OSError(28, "No space left on device", "/forbidden/x"), StoreUnavailable, False),
        (OSError(30, "Read-only file system", "/x"), AccessDenied, False),
        (OSError(36, "File name too long", "/x"), SpecError, False),
        (NotADirectoryError(20, "Not a directory", "/x"), SpecError, False),
        (IsADirectoryError(21, "Is a directory", "/x"), SpecError, False),
        (ConnectionRefusedError("x"), StoreUnavailable, True),
        (TimeoutError("x"), StoreUnavailable, True),
        (GcsfsError("503"), StoreUnavailable, True),
        (ZeroDivisionError("a bug of ours"), ZeroDivisionError, False),
    ],
)
def test_what_a_backend_raises_is_judged_as_the_contract_says(
    raised: Exception, expected: type[Exception], may_pass: bool
):
    verdict, again = judge(raised, "gs://bucket/key")
    assert (type(verdict), again) == (expected, may_pass)


def test_every_kind_of_store_is_found_by_its_schemes_and_others_are_left_to_fsspec():
    kinds = {url: type(backend_of(url)).__name__ for url in ("gs://b", "gcs://b", "s3://b", "s3a://b", "memory://b")}
    assert kinds == {
        "gs://b": "Google",
        "gcs://b": "Google",
        "s3://b": "Amazon",
        "s3a://b": "Amazon",
        "memory://b": "Memory",
    }
    assert type(backend_of("file://b")) is type(backend_of("a/path")) is local.Local
    assert type(backend_of("http://b")) is Backend


@pytest.fixture
def disk_without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk whose driver has no hard links, as that of exFAT."""

    def refused(*_paths: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)


@pytest.mark.usefixtures("disk_without_links")
class TestDiskWithoutLinks(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return Store(f"file://{tmp_path}")


@pytest.mark.usefixtures("disk_without_links")
def test_a_disk_that_cannot_tell_two_writers_apart_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(local, "RENAME_NOREPLACE", 1 << 30)  # the kernel knows no such rename
    store = Store(f"file://{tmp_path}")
    with pytest.raises(SpecError, match="neither hard links nor renames that never replace"):
        Claim(store, "patches/demo", "a" * 64)
    assert store.list() == {}
