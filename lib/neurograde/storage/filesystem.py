"""The fsspec file system behind a URL, set up so that nothing is cached and every request is tried once.

A backend's own retries (half a minute of them, each in its way) would make our deadline impossible:
`neurograde.storage.edge` retries for all of them alike.
"""

from __future__ import annotations

from typing import Any

from neurograde.errors import SpecError
from neurograde.maths.text import has_secrets
from neurograde.specs.extras import how_to_install
from neurograde.storage.backends.backend import backend_of


def open_filesystem(url: str) -> tuple[Any, str]:
    """Return the fsspec file system of `url` and the root path in it.

    Raises:
        SpecError: The scheme is unknown, its package is not installed, or the URL holds credentials.
    """
    refuse_credentials(url)
    try:
        filesystem = backend_of(url).open(url)
    except ValueError as error:
        raise SpecError(
            f"{url!r}: {error}; accepted are file://, gs://, s3://, memory:// and others that fsspec knows"
        ) from None
    except ImportError as error:
        raise SpecError(f"{url!r}: {error}; s3:// needs {how_to_install('s3')}") from None
    return filesystem, filesystem._strip_protocol(url).rstrip("/")


def refuse_credentials(url: str) -> None:
    """Raise SpecError, without repeating the URL, if it holds a user, key or password: logs and manifests keep URLs."""
    scheme, _, _ = url.partition("://")
    if has_secrets(url) or any(map(_holds_credentials, url.split("::"))):
        raise SpecError(
            f"{scheme}://...: a URL must not hold credentials; give {scheme}://bucket/folder, and the credentials "
            "through the environment (AWS_ACCESS_KEY_ID ..., GOOGLE_APPLICATION_CREDENTIALS, workload identity)"
        )


def _holds_credentials(url: str) -> bool:
    """Return True if a URL of one scheme holds a user, key or password."""
    return backend_of(url).holds_credentials(url.partition("://")[2].split("/", 1)[0])
