"""The fsspec file system behind a URL, set up so that nothing is cached and every request is tried once.

Listings caches hide what other writers did, and a backend's own retries (half a minute of them, each in its way)
would make a deadline of ours impossible: `neurograde.storage.edge` asks again, for all of them alike.
"""

from __future__ import annotations

import functools
import inspect
import os
from typing import Any

import fsspec

from neurograde.errors import SpecError

UNCACHED = {"use_listings_cache": False, "skip_instance_cache": True}
CONNECT_SECONDS = 5
SILENCE_SECONDS = 15
"""A request is given up after so long without a byte: a long transfer that moves is never cut."""
GOOGLE = ("gs", "gcs")
AMAZON = ("s3", "s3a")


def open_filesystem(url: str) -> tuple[Any, str]:
    """The fsspec file system of `url` and the root path in it.

    Raises:
        SpecError: the scheme is unknown, its package is not installed, or the URL holds credentials.
    """
    scheme = url.partition("://")[0]
    refuse_credentials(url)
    try:
        if scheme in GOOGLE:
            filesystem = _google()
            root = filesystem._strip_protocol(url)
        else:
            options = _amazon() if scheme in AMAZON else {}
            filesystem, root = fsspec.core.url_to_fs(url, **UNCACHED, **options)
    except ValueError as error:
        raise SpecError(
            f"{url!r}: {error}; accepted are file://, gs://, s3://, memory:// and others that fsspec knows"
        ) from None
    except ImportError as error:
        raise SpecError(f"{url!r}: {error}; s3:// needs `pip install s3fs`") from None
    if scheme in AMAZON:
        filesystem.retries = 1
    return filesystem, root.rstrip("/")


def refuse_credentials(url: str) -> None:
    """SpecError, without repeating the URL, if it holds a user, key or password: URLs end up in logs and manifests."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/", 1)[0]
    # A secret key may hold a slash, which ends the host before its "@"; no bucket's name has a colon, but an ARN.
    split_key = scheme in (*GOOGLE, *AMAZON) and ":" in host and not host.startswith("arn:")
    if "@" in host or split_key:
        raise SpecError(
            f"{scheme}://...: a URL must not hold credentials; give {scheme}://bucket/folder, and the credentials "
            "through the environment (AWS_ACCESS_KEY_ID ..., GOOGLE_APPLICATION_CREDENTIALS, workload identity)"
        )


def _google() -> Any:
    import aiohttp  # noqa: PLC0415  half a second of imports that other stores do not need

    patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
    # An emulator knows nobody; without a word gcsfs would first look for an identity, for many seconds.
    token = "anon" if os.environ.get("STORAGE_EMULATOR_HOST") else None
    return _single_try_gcsfs()(**UNCACHED, requests_timeout=patience, token=token)


@functools.cache
def _single_try_gcsfs() -> type[Any]:
    """The file system of gcsfs over HTTP, each request tried once; its retries are fixed in a decorator."""
    from gcsfs.core import GCSFileSystem  # noqa: PLC0415

    return type("GoogleStorage", (GCSFileSystem,), {"_request": inspect.unwrap(GCSFileSystem._request)})


def _amazon() -> dict[str, Any]:
    """Options of s3fs."""
    timeouts = {"connect_timeout": CONNECT_SECONDS, "read_timeout": SILENCE_SECONDS}
    # One connection an object: with more of them every read would first ask for the size.
    return {"max_concurrency": 1, "config_kwargs": {"retries": {"total_max_attempts": 1}, **timeouts}}
