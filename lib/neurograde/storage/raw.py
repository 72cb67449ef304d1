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
from neurograde.storage.edge import insist
from neurograde.storage.filesystem import open_filesystem
from neurograde.storage.local import LocalFiles

BLOCK_BYTES = 2**24  # of a file that is copied or hashed without being held


@dataclass(frozen=True)
class RawFile:
    """A file as a listing shows it, without its content."""

    path: str
    """Path inside its folder, with forward slashes."""
    size: int
    """Length in bytes."""
    stamp: str
    """What changes when the file does: modification time, etag or generation."""


class Files(Protocol):
    """A folder of files: somebody else's, or an artefact."""

    def read(self, path: str) -> bytes:
        """The file's bytes."""

    def local(self, path: str, into: Path) -> Path:
        """Where the file lies on this machine; one that lies elsewhere is copied into the folder `into`."""

    def sha256(self, path: str) -> str:
        """SHA-256 of the file, which need not fit into memory."""


class RawFolder:
    """A folder of somebody else's files, read only."""

    def __init__(self, url: str) -> None:
        """The folder at `url`, any fsspec URL or a local path; SpecError for an unknown scheme."""
        self.url = url.rstrip("/")
        self._fs, self._root = open_filesystem(self.url)

    def list(self) -> list[RawFile]:
        """Every file at any depth, by path; hidden files (of a leading dot) are none of ours.

        Raises:
            DataError: the folder does not exist or is empty.
        """
        found = insist(self.url, lambda: self._fs.find(self._root, detail=True))
        files = [
            RawFile(path[len(self._root) :].lstrip("/"), int(info["size"]), _stamp(info))
            for path, info in found.items()
        ]
        visible = [
            each for each in files if each.path and not any(part.startswith(".") for part in each.path.split("/"))
        ]
        if not visible:
            raise DataError(f"{self.url} holds no files: give the folder of the images")
        return sorted(visible, key=lambda each: each.path)

    def read(self, path: str) -> bytes:
        """The file's bytes."""
        data: bytes = insist(f"{self.url}/{path}", lambda: self._fs.cat_file(self._at(path)))
        return data

    def local(self, path: str, into: Path) -> Path:
        """Where the file lies on this machine; one that lies elsewhere is copied into `into`, a block at a time."""
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
        """SHA-256 of the file, which need not fit into memory."""
        found = hashlib.sha256()
        for block in self._blocks(path):
            found.update(block)
        return found.hexdigest()

    def _blocks(self, path: str) -> Iterator[bytes]:
        """The file's bytes, a block at a time, each asked for and counted: an s3fs stream that breaks off just ends."""
        where, at = f"{self.url}/{path}", self._at(path)
        size = insist(where, lambda: self._fs.info(at)["size"])
        if size is None:  # some servers of HTTP do not say
            yield self.read(path)
            return
        for start in range(0, size, BLOCK_BYTES):
            yield insist(where, partial(self._block, at, start, min(start + BLOCK_BYTES, size)))

    def _block(self, at: str, start: int, end: int) -> bytes:
        data: bytes = self._fs.cat_file(at, start=start, end=end)
        if len(data) != end - start:
            raise ConnectionError(f"{len(data):,} bytes came of {end - start:,}")
        return data

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"


class LoneFile(RawFolder):
    """One file that was named by its URL, as if it were alone in a folder."""

    def _at(self, path: str) -> str:
        return str(self._root)


@dataclass(frozen=True)
class RawInputs:
    """Files from outside that a job reads, by the name under which its manifest records them."""

    files: Mapping[str, RawFile] = field(default_factory=dict)
    """How each looks in its listing."""
    read: Callable[[str], bytes] = field(default=lambda _name: b"")
    """Bytes of the file of that name."""
    digest: Callable[[str], str] | None = None
    """SHA-256 of the file of that name, where it is found without holding the file."""

    def difference(self, before: Sequence[RawInput]) -> str | None:
        """In what the files differ from those recorded `before`: None if in nothing.

        Size and stamp are compared first; only a file whose size or stamp has changed is read and hashed.
        """
        recorded = {each.path: each for each in before}
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
        """The manifest's records, in the order of the names; what has no digest yet is read and hashed."""
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


def stat_url(url: str) -> RawFile:
    """The file at `url` as a listing would show it, its path the last part of the URL; FileNotFoundError if absent."""
    filesystem, path = open_filesystem(url)
    info = insist(url, lambda: filesystem.info(path))
    return RawFile(path.rsplit("/", 1)[-1], int(info["size"] or 0), _stamp(info))


def read_url(url: str) -> bytes:
    """The bytes of the file at `url`; FileNotFoundError if absent."""
    filesystem, path = open_filesystem(url)
    data: bytes = insist(url, lambda: filesystem.cat_file(path))
    return data


def _stamp(info: dict[str, Any]) -> str:
    # Each file system has a word of its own for it.
    for key in ("generation", "etag", "ETag", "mtime", "LastModified", "created"):
        if info.get(key) is not None:
            return f"{key}={info[key]}"
    return ""
