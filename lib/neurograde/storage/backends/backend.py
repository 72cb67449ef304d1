"""The contract of a kind of store, and the register of kinds.

A kind is one file of this folder: a subclass of `Backend` whose instance is registered. `storage.filesystem` opens a
URL by it, and `storage.edge` judges its errors by it. A scheme without an entry is opened by fsspec.
"""

from __future__ import annotations

from typing import Any, ClassVar

import fsspec

from neurograde.specs.registry import Registry

UNCACHED = {"use_listings_cache": False, "skip_instance_cache": True}
"""Options of every file system: caches of listings hide what other writers did."""
CONNECT_SECONDS = 5
SILENCE_SECONDS = 10
"""Seconds without a byte after which a request is given up; a long transfer that moves is never cut."""


class Backend:
    """A kind of store; this class is the one for schemes without an entry."""

    schemes: ClassVar[tuple[str, ...]] = ()
    """Schemes of its URLs."""
    packages: ClassVar[tuple[str, ...]] = ("aiohttp", "requests", "urllib3")
    """Packages whose errors come from the network."""

    def open(self, url: str) -> Any:
        """Return the fsspec file system of `url`, which caches nothing and tries every request once.

        Raises:
            ValueError: fsspec does not know the scheme.
            ImportError: A package is missing.
        """
        filesystem, _ = fsspec.core.url_to_fs(url, **UNCACHED)
        return filesystem

    def holds_credentials(self, host: str) -> bool:
        """Return True if the part of a URL up to the first slash holds a user, key or password."""
        return "@" in host

    def http_status(self, error: Exception) -> int | None:
        """Return the HTTP status of an error, or None if it has none."""
        status = getattr(error, "code", None) or getattr(error, "status", None)
        return int(str(status)) if str(status).isdigit() else None

    def is_from_network(self, error: Exception) -> bool:
        """Return True for an error of the packages that carry requests."""
        return type(error).__module__.split(".")[0] in self.packages

    def is_unknown_identity(self, error: Exception) -> bool:
        """Return True where the store does not know who asks."""
        return self.http_status(error) == 401

    def is_denied(self, error: Exception) -> bool:
        """Return True where the store knows who asks, and refuses."""
        return isinstance(error, PermissionError) or self.http_status(error) == 403

    def is_refused(self, error: Exception) -> bool:
        """Return True for a request that the store will never take, such as a malformed one."""
        del error
        return False


def is_split_key(host: str) -> bool:
    """Return True if a key precedes the bucket: its slash ends the host before its "@", and buckets have no colon."""
    return ":" in host and not host.startswith("arn:")


BACKENDS: Registry[Backend] = Registry("neurograde.storage.backends")
_ANY = Backend()


def register(backend: Backend) -> None:
    """Register a kind of store for its schemes."""
    for scheme in backend.schemes:
        BACKENDS.register(scheme)(backend)


def backend_of(url: str) -> Backend:
    """Return the kind of store that a URL names; a path is a folder of the local disk."""
    return BACKENDS.entries().get(url.partition("://")[0] if "://" in url else "file", _ANY)
