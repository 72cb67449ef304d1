"""The fsspec file system behind a URL, set up so that nothing is cached and every request is tried once.

Caches of listings hide what other writers did, and a backend's own retries (half a minute of them, each in its way)
would make our deadline impossible: `neurograde.storage.edge` retries for all of them alike.
"""

from __future__ import annotations

import os
from typing import Any

import fsspec

from neurograde.errors import SpecError
from neurograde.storage.local import LocalFiles
from neurograde.storage.memory import MemoryFiles

UNCACHED = {"use_listings_cache": False, "skip_instance_cache": True}
CONNECT_SECONDS = 5
SILENCE_SECONDS = 10
"""Seconds without a byte after which a request is given up; a long transfer that moves is never cut."""
GOOGLE = ("gs", "gcs")
AMAZON = ("s3", "s3a")
OURS = {"file": LocalFiles, "local": LocalFiles, "memory": MemoryFiles}


def open_filesystem(url: str) -> tuple[Any, str]:
    """Return the fsspec file system of `url` and the root path in it.

    Raises:
        SpecError: The scheme is unknown, its package is not installed, or the URL holds credentials.
    """
    scheme = url.partition("://")[0] if "://" in url else "file"
    refuse_credentials(url)
    try:
        if scheme in GOOGLE:
            filesystem = _google()
        elif scheme in AMAZON:
            filesystem = _amazon()
        elif scheme in OURS:
            filesystem = OURS[scheme](**UNCACHED)
        else:
            filesystem, _ = fsspec.core.url_to_fs(url, **UNCACHED)
    except ValueError as error:
        raise SpecError(
            f"{url!r}: {error}; accepted are file://, gs://, s3://, memory:// and others that fsspec knows"
        ) from None
    except ImportError as error:
        raise SpecError(f"{url!r}: {error}; s3:// needs `pip install s3fs`") from None
    return filesystem, filesystem._strip_protocol(url).rstrip("/")


def refuse_credentials(url: str) -> None:
    """Raise SpecError, without repeating the URL, if it holds a user, key or password: logs and manifests keep URLs."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/", 1)[0]
    # A secret key may hold a slash, which ends the host before its "@"; a bucket has no colon, unless it is an ARN.
    split_key = scheme in (*GOOGLE, *AMAZON) and ":" in host and not host.startswith("arn:")
    if "@" in host or split_key:
        raise SpecError(
            f"{scheme}://...: a URL must not hold credentials; give {scheme}://bucket/folder, and the credentials "
            "through the environment (AWS_ACCESS_KEY_ID ..., GOOGLE_APPLICATION_CREDENTIALS, workload identity)"
        )


def _google() -> Any:
    import aiohttp  # noqa: PLC0415  half a second of imports that other stores do not need

    from neurograde.storage.google import GoogleStorage  # noqa: PLC0415

    patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
    # An emulator knows nobody, and gcsfs would first look for an identity for many seconds. With a metadata server
    # beside it, as in the tests, there is an identity.
    emulated = os.environ.get("STORAGE_EMULATOR_HOST") and not os.environ.get("GCE_METADATA_HOST")
    token = "anon" if emulated else None
    return GoogleStorage(**UNCACHED, requests_timeout=patience, token=token)


def _amazon() -> Any:
    timeouts = {"connect_timeout": CONNECT_SECONDS, "read_timeout": SILENCE_SECONDS}
    filesystem = fsspec.filesystem(
        "s3",
        **UNCACHED,
        config_kwargs={"retries": {"total_max_attempts": 1}, **timeouts},
        max_concurrency=1,  # with more of them, every read would first request the size
    )
    filesystem.retries = 1
    return filesystem
