"""Files that come from outside the store's artefacts: image folders, tables, pretrained weights, specs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from neurograde.errors import DataError, StoreUnavailable
from neurograde.maths.digest import sha256_hex
from neurograde.specs.records import RawInput
from neurograde.storage.backends.local import LocalFiles, check_regular
from neurograde.storage.edge import insist
from neurograde.storage.filesystem import open_filesystem
from neurograde.storage.links import linked_files

LEFT_OUT = frozenset({"@eaDir", "#recycle", "@Recycle", "$RECYCLE.BIN", "__MACOSX"})
"""Folders of thumbnails, of deleted files and of attributes: a NAS, Windows and macOS make them."""
BLOCK_BYTES = 2**24  # of a file that is copied or hashed without being held in memory


@dataclass(frozen=True)
class RawFile:
    """A file as a listing shows it, without its content."""

    path: str
    """Path inside its folder, with forward slashes."""
    size: int
    """Length in bytes."""
    stamp: str
    """Modification time, etag or generation: it changes when the file does."""


class Files(Protocol):
    """A folder of files: somebody else's, or an artefact."""

    def read(self, path: str) -> bytes:
        """Return the bytes of the file."""

    def local(self, path: str, into: Path) -> Path:
        """Return the path of the file on this machine; a remote file is copied into the folder `into`."""

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of the file, which need not fit into memory."""


class RawFolder:
    """A folder of somebody else's files, read only."""

    def __init__(self, url: str) -> None:
        """Open the folder at `url`, any fsspec URL or a local path; SpecError for an unknown scheme."""
        self.url = url.rstrip("/")
        self._fs, self._root = open_filesystem(self.url)

    def list(self) -> list[RawFile]:
        """Return every file at any depth, by path, without hidden ones and those that a NAS adds (`LEFT_OUT`).

        Raises:
            DataError: The folder does not exist or is empty, its files have no sizes, or it holds a symbolic link that
                leads nowhere.
        """
        try:
            listing = insist(self.url, lambda: self._fs.find(self._root, detail=True))
        except FileNotFoundError:
            raise DataError(f"{self.url}: no such folder or bucket: give the folder of the images") from None
        listing = {path: info for path, info in listing.items() if not _is_folder(path, info)}
        if isinstance(self._fs, LocalFiles) and Path(self._root).is_dir():
            behind = [str(path) for path in linked_files(Path(self._root))]
            listing = {path: info for path, info in listing.items() if not Path(path).is_dir()}
            listing |= insist(self.url, lambda: {path: self._fs.info(path) for path in behind})
        inner = {path[len(self._root) :].removeprefix("/"): info for path, info in listing.items()}
        visible = {path: info for path, info in inner.items() if path and not is_hidden(path)}
        if not visible:
            raise DataError(f"{self.url} holds no files: give the folder of the images")
        if any(info["size"] is None for info in visible.values()):
            raise DataError(
                f"{self.url}: its server lists files without their sizes; accepted are folders on a disk, in memory or "
                "in a bucket (gs://, s3://): copy it to one"
            )
        return [RawFile(path, int(visible[path]["size"]), _stamp(visible[path])) for path in sorted(visible)]

    def read(self, path: str) -> bytes:
        """Return the bytes of the file."""
        self._check(path)
        data: bytes = insist(f"{self.url}/{path}", lambda: self._fs.cat_file(self._at(path)))
        return data

    def local(self, path: str, into: Path) -> Path:
        """Return the path of the file on this machine; a remote file is copied into `into`, block by block."""
        self._check(path)
        if isinstance(self._fs, LocalFiles):
            return Path(self._at(path))
        target = into / path.rsplit("/", 1)[-1]
        with target.open("wb") as file:
            for block in self._blocks(path):
                try:
                    file.write(block)
                    file.flush()
                except OSError as error:
                    raise StoreUnavailable(f"{target}: {error}: it takes a copy of {self.url}/{path}") from None
        return target

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of the file, which need not fit into memory."""
        digest = hashlib.sha256()
        for block in self._blocks(path):
            digest.update(block)
        return digest.hexdigest()

    def _blocks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of the file in blocks, each requested and counted: a stream of s3fs that breaks just ends."""
        where, at = f"{self.url}/{path}", self._at(path)
        self._check(path)
        size = insist(where, lambda: self._fs.info(at)["size"])
        if size is None:  # some HTTP servers do not report it
            yield self.read(path)
            return
        for start in range(0, size, BLOCK_BYTES):
            yield insist(where, partial(self._block, at, start, min(start + BLOCK_BYTES, size)))

    def _block(self, at: str, start: int, end: int) -> bytes:
        data: bytes = self._fs.cat_file(at, start=start, end=end)
        if len(data) != end - start:
            raise ConnectionError(f"{len(data):,} bytes came of {end - start:,}")
        return data

    def _check(self, path: str) -> None:
        _check(self._fs, self._at(path), f"{self.url}/{path}")

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"


class LoneFile(RawFolder):
    """A single file, named by its URL, as if it were alone in a folder."""

    def _at(self, path: str) -> str:
        return str(self._root)


@dataclass(frozen=True)
class RawInputs:
    """Files from outside that a job reads, by the name under which its manifest records them."""

    files: Mapping[str, RawFile] = field(default_factory=dict)
    """The files as their listings show them."""
    read: Callable[[str], bytes] = field(default=lambda _name: b"")
    """Function that returns the bytes of the file of a name."""
    digest: Callable[[str], str] | None = None
    """Function that returns the SHA-256 of the file of a name without holding the file, if there is one."""

    def difference(self, before: Sequence[RawInput]) -> str | None:
        """Return how the files differ from those recorded `before`, or None if they do not.

        Size and stamp are compared first; only a file whose size or stamp has changed is read and hashed.
        """
        recorded = {record.path: record for record in before}
        for name in sorted(recorded.keys() ^ self.files.keys()):
            return f"the input {name} is {'gone' if name in recorded else 'new'}"
        for name, now in self.files.items():
            was = recorded[name]
            if (now.size, now.stamp) == (was.size, was.stamp):
                continue
            digest = self._sha256(name)
            if digest != was.sha256:
                return f"it was made from {name} of digest {was.sha256}, which now has {digest}"
        return None

    def records(self, digests: Mapping[str, str]) -> tuple[RawInput, ...]:
        """Return the records for a manifest, in the order of names; files without a digest yet are read and hashed."""
        return tuple(
            RawInput(
                path=name,
                size=self.files[name].size,
                stamp=self.files[name].stamp,
                sha256=digests.get(name) or self._sha256(name),
            )
            for name in sorted(self.files)
        )

    def _sha256(self, name: str) -> str:
        return self.digest(name) if self.digest is not None else sha256_hex(self.read(name))


def _is_folder(path: str, info: dict[str, Any]) -> bool:
    """Return True for the marks of folders that consoles of buckets leave, called like images at times."""
    return path.endswith("/") or info["type"] == "directory"


def is_hidden(path: str) -> bool:
    """Return True if a part of the path begins with a dot, or is a folder that a NAS adds (`LEFT_OUT`)."""
    return any(part.startswith(".") or part in LEFT_OUT for part in path.split("/"))


def _check(filesystem: Any, path: str, where: str) -> None:
    if isinstance(filesystem, LocalFiles):
        check_regular(path, where)


def stat_url(url: str) -> RawFile:
    """Return the file at `url` as a listing would show it, by the last part of the URL; FileNotFoundError if absent."""
    filesystem, path = open_filesystem(url)
    _check(filesystem, path, url)
    info = insist(url, lambda: filesystem.info(path))
    if _is_folder(path, info):
        raise FileNotFoundError(f"{url} is a folder")
    return RawFile(path.rsplit("/", 1)[-1], int(info["size"] or 0), _stamp(info))


def url_exists(url: str) -> bool:
    """Return True if there is a file or a folder at `url`."""
    filesystem, path = open_filesystem(url)
    try:
        insist(url, lambda: filesystem.info(path))
    except FileNotFoundError:
        return False
    return True


def read_url(url: str) -> bytes:
    """Return the bytes of the file at `url`; FileNotFoundError if absent."""
    filesystem, path = open_filesystem(url)
    _check(filesystem, path, url)
    data: bytes = insist(url, lambda: filesystem.cat_file(path))
    return data


def _stamp(info: dict[str, Any]) -> str:
    # Every file system has another word for it.
    for key in ("generation", "etag", "ETag", "mtime", "LastModified", "created"):
        if info.get(key) is not None:
            return f"{key}={info[key]}"
    return ""
