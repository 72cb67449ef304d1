"""Files from outside, in a bucket as on a disk: brought to this machine, and hashed without being held."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from neurograde.errors import DataError, StoreUnavailable
from neurograde.maths.digest import sha256_hex
from neurograde.maths.seeding import generator
from neurograde.storage import raw
from neurograde.storage.filesystem import open_filesystem
from neurograde.storage.raw import LoneFile, RawFolder, read_url, stat_url
from neurograde.storage.store import Store
from tests.servers.fixtures import Bucket
from tests.support.faults import ANY, PASSING

DATA = generator(1, "raw").bytes(300_000)


def test_a_file_of_a_bucket_is_copied_and_hashed_a_block_at_a_time(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(raw, "BLOCK_BYTES", 70_000)
    Store(bucket.url).put("slides/a b.svs", DATA)
    folder = RawFolder(f"{bucket.url}/slides")
    path = folder.local("a b.svs", tmp_path)
    assert (path.parent, path.read_bytes()) == (tmp_path, DATA)
    assert folder.sha256("a b.svs") == sha256_hex(DATA)
    alone = LoneFile(f"{bucket.url}/slides/a b.svs")
    path.unlink()
    assert alone.local("a b.svs", tmp_path).read_bytes() == DATA
    assert alone.sha256("a b.svs") == sha256_hex(DATA)
    with pytest.raises(FileNotFoundError):
        folder.local("ghost.svs", tmp_path)


def test_a_copy_that_fails_is_made_again_whole(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(raw, "BLOCK_BYTES", 200_000)
    Store(bucket.url).put("slides/a.svs", DATA)
    folder = RawFolder(f"{bucket.url}/slides")
    for kind in (*PASSING, "shortened"):  # in the middle of a file as well
        bucket.faults.fail(ANY, times=2, kind=kind, skip=1)
        assert folder.local("a.svs", tmp_path).read_bytes() == DATA, kind
        assert bucket.faults.struck > 0, kind
        bucket.faults.fail(ANY, times=2, kind=kind, skip=1)
        assert folder.sha256("a.svs") == sha256_hex(DATA), kind
        bucket.faults.clear()


def test_a_disk_without_room_for_the_copy_is_named(memory_url: str, tmp_path: Path):
    Store(memory_url).put("slides/a.svs", DATA)
    (tmp_path / "a.svs").symlink_to("/dev/full")
    with pytest.raises(StoreUnavailable, match=rf"{tmp_path}/a\.svs: .*No space left.*{memory_url}/slides/a\.svs"):
        RawFolder(f"{memory_url}/slides").local("a.svs", tmp_path)


def test_a_file_of_this_machine_is_read_where_it_lies(tmp_path: Path):
    (tmp_path / "a.svs").write_bytes(DATA)
    for files in (RawFolder(str(tmp_path)), LoneFile(f"file://{tmp_path}/a.svs")):
        assert files.local("a.svs", tmp_path / "nowhere") == tmp_path / "a.svs"
        assert files.sha256("a.svs") == sha256_hex(files.read("a.svs")) == sha256_hex(DATA)


@pytest.mark.parametrize("use", ["read", "local", "sha256", "read_url", "stat_url"])
def test_what_is_neither_a_file_nor_a_folder_is_never_opened(tmp_path: Path, use: str):
    os.mkfifo(tmp_path / "fifo.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.png"))
    folder = RawFolder(str(tmp_path))
    uses: dict[str, Callable[[str], object]] = {
        "read": folder.read,
        "local": lambda name: folder.local(name, tmp_path),
        "sha256": folder.sha256,
        "read_url": lambda name: read_url(str(tmp_path / name)),
        "stat_url": lambda name: stat_url(str(tmp_path / name)),
    }
    for name, kind in (("fifo", "a FIFO"), ("zero", "a character device"), ("socket", "a socket")):
        with pytest.raises(DataError, match=rf"{name}\.png is {kind}, and is not opened"):
            uses[use](f"{name}.png")


@pytest.mark.parametrize("path", ["ghost", "a.txt/b", "", "x" * 300, "loop"])
def test_a_path_that_leads_to_no_file_is_missing_and_no_outage(tmp_path: Path, path: str):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(FileNotFoundError):
        read_url(f"{tmp_path}/{path}")


def test_marks_of_folders_and_hidden_files_are_not_listed(bucket: Bucket):
    filesystem, root = open_filesystem(f"{bucket.url}/set")
    for key in ("A/f/x.png", "A/f/scan.tif/", "A/@eaDir/x.png/t.jpg", "__MACOSX/._x.png", ".cache/x.png"):
        filesystem.pipe_file(f"{root}/{key}", b"" if key.endswith("/") else b"x")
    assert [file.path for file in RawFolder(f"{bucket.url}/set").list()] == ["A/f/x.png"]


def test_a_key_with_an_empty_part_is_listed_as_it_is_and_read(s3: Bucket):
    filesystem, root = open_filesystem(f"{s3.url}/set")
    filesystem.pipe_file(f"{root}//A/f/x.png", b"odd")
    filesystem.pipe_file(f"{root}/A/f/x.png", b"plain")
    folder = RawFolder(f"{s3.url}/set")
    assert {file.path: folder.read(file.path) for file in folder.list()} == {
        "/A/f/x.png": b"odd",
        "A/f/x.png": b"plain",
    }


def test_a_bucket_that_is_not_there_is_named(bucket: Bucket):
    scheme = bucket.url.partition("://")[0]
    with pytest.raises(DataError, match=rf"{scheme}://no-such-bucket/set(: no such folder or bucket| holds no files)"):
        RawFolder(f"{scheme}://no-such-bucket/set").list()


def test_what_a_nas_adds_is_not_listed(tmp_path: Path):
    for path in ("A/x.png", "@eaDir/x.png", "A/@eaDir/x.png/SYNO.png", "#recycle/y.png", ".DS_Store", "A/._x.png"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    assert [file.path for file in RawFolder(str(tmp_path)).list()] == ["A/x.png"]
