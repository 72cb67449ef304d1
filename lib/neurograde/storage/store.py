"""One small seam to every object store: whole objects in, whole objects out.

What the facts of object stores ask for (an open write stream publishes half an object when it fails; listings
caches hide other writers): an object is serialised first and put in one piece, control objects are read whole,
listings are never cached. On a local disk a put is a temporary file and a rename, a create a temporary file and
a link, so that nobody ever sees half a file there either.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from neurograde.errors import AccessDenied, StoreUnavailable
from neurograde.storage.filesystem import open_filesystem

TEMPORARY = ".part-"  # prefix of files under way on a local disk; never listed
TRANSFERS = 16  # objects under way at once: object stores answer in about 50 ms each, so one by one is slow


def check_key(key: str) -> str:
    """`key`, if it stays inside the store: relative, no empty, dot or dot-dot part, no control characters.

    Raises:
        ValueError: naming the key; keys are made from names in specs and tables, which may be hostile.
    """
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\\" in key or any(ord(char) < 32 for char in key):
        raise ValueError(f"{key!r} is no key of a store: relative, without empty, '.' or '..' parts")
    return key


class Store:
    """Objects under one root URL, by relative key."""

    def __init__(self, url: str) -> None:
        """Open the store at `url`: any fsspec URL, or a local path.

        Raises:
            SpecError: the scheme is unknown, or its package is not installed.
        """
        self.url = url.rstrip("/")
        self._fs, self._root = open_filesystem(self.url)
        self._local = isinstance(self._fs, LocalFileSystem)

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    def get(self, key: str) -> bytes:
        """The whole object; FileNotFoundError when there is none."""
        with edge(self._where(key)):
            data: bytes = self._fs.cat_file(self._path(key))
            return data

    def put(self, key: str, data: bytes) -> None:
        """Write the whole object, over an older one if need be."""
        with edge(self._where(key)):
            if self._local:
                with self._temporary(key, data) as temporary:
                    temporary.replace(self._path(key))
            else:
                self._fs.pipe_file(self._path(key), data)

    def create(self, key: str, data: bytes) -> None:
        """Write the whole object only if there is none yet.

        An answer that was lost and asked for again looks like a conflict with ourselves, so a conflict is read
        back: our own bytes count as ours.

        Raises:
            FileExistsError: another writer's object stands there.
        """
        try:
            with edge(self._where(key)):
                if self._local:
                    with self._temporary(key, data) as temporary:
                        os.link(temporary, self._path(key))
                else:
                    self._fs.pipe_file(self._path(key), data, mode="create")
        except FileExistsError:
            if self.get(key) != data:
                raise FileExistsError(f"{self._where(key)} is another writer's") from None

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        with edge(self._where(key)):
            return bool(self._fs.isfile(self._path(key)))

    def list(self, folder: str | None = None) -> dict[str, int]:
        """Every object under `folder`, or in the whole store: key to size in bytes, in the order of the keys."""
        with edge(self._where(folder) if folder else self.url):
            found = self._fs.find(self._path(folder) if folder else self._root, detail=True)
        keys = {path[len(self._root) :].lstrip("/"): int(info["size"]) for path, info in found.items()}
        return {key: keys[key] for key in sorted(keys) if not key.rsplit("/", 1)[-1].startswith(TEMPORARY)}

    def delete(self, key: str) -> None:
        """Remove the object; one that is not there is gone already."""
        with edge(self._where(key)), contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(key))

    def clear(self, folder: str) -> None:
        """Remove everything under `folder`."""
        if self._local:
            shutil.rmtree(self._path(folder), ignore_errors=True)
            return
        for key in self.list(folder):
            self.delete(key)

    def get_many(self, keys: Iterable[str]) -> Iterator[bytes]:
        """The objects in the order of `keys`, a few under way at once."""
        if self._local:
            yield from map(self.get, keys)
            return
        with ThreadPoolExecutor(TRANSFERS) as pool:
            yield from pool.map(self.get, keys)

    def put_many(self, objects: Iterable[tuple[str, bytes]]) -> None:
        """Write the objects, a few under way at once."""
        if self._local:
            for key, data in objects:
                self.put(key, data)
            return
        with ThreadPoolExecutor(TRANSFERS) as pool:
            for _ in pool.map(lambda pair: self.put(*pair), objects):
                pass

    def _path(self, key: str) -> str:
        return f"{self._root}/{check_key(key)}"

    def _where(self, key: str) -> str:
        return f"{self.url}/{key}"

    @contextlib.contextmanager
    def _temporary(self, key: str, data: bytes) -> Iterator[Path]:
        """The bytes in a file beside their destination, so that a rename or link puts them there whole."""
        target = Path(self._path(key))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
        try:
            temporary.write_bytes(data)
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def edge(where: str) -> Iterator[None]:
    """Map what file systems raise to Python's own errors for absence and presence, and to ours for the rest.

    gcsfs raises a plain OSError for 403 and aiohttp's and its own errors for an unreachable server, botocore its
    own again, none of which share a base class with the built-in ones.
    """
    try:
        yield
    except (FileNotFoundError, FileExistsError):
        raise
    except PermissionError as error:
        raise AccessDenied(f"{where}: permission denied ({error})") from error
    except OSError as error:
        if "forbidden" in str(error).lower():
            raise AccessDenied(f"{where}: permission denied ({error})") from error
        raise StoreUnavailable(f"{where}: {error}") from error
    except Exception as error:
        if type(error).__module__.split(".")[0] in ("aiohttp", "botocore", "gcsfs", "google"):
            raise StoreUnavailable(f"{where}: {error}") from error
        raise
