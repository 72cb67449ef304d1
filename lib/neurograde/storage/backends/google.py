"""Google Cloud Storage through gcsfs (`backends/_gcs.py`): opened, and its errors judged."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from neurograde.storage.backends import backend
from neurograde.storage.backends.backend import UNCACHED, Backend, is_split_key, register


class Google(Backend):
    """Buckets of Google Cloud Storage."""

    schemes: ClassVar[tuple[str, ...]] = ("gs", "gcs")
    packages: ClassVar[tuple[str, ...]] = ("gcsfs", "google", "aiohttp", "requests", "urllib3")

    def open(self, url: str) -> Any:
        """Return a file system with our timeouts, and without an identity for an emulator."""
        del url
        import aiohttp  # noqa: PLC0415  half a second of imports that other stores do not need

        from neurograde.storage.backends._gcs import GoogleStorage  # noqa: PLC0415

        patience = aiohttp.ClientTimeout(
            total=None, sock_connect=backend.CONNECT_SECONDS, sock_read=backend.SILENCE_SECONDS
        )
        # An emulator knows nobody, and gcsfs would first look for an identity for many seconds. With a metadata server
        # beside it, as in the tests, there is an identity.
        emulated = os.environ.get("STORAGE_EMULATOR_HOST") and not os.environ.get("GCE_METADATA_HOST")
        return GoogleStorage(**UNCACHED, requests_timeout=patience, token="anon" if emulated else None)

    def holds_credentials(self, host: str) -> bool:
        """Return True for a user or a key in front of the bucket."""
        return super().holds_credentials(host) or is_split_key(host)

    def is_unknown_identity(self, error: Exception) -> bool:
        """Return True for 401, and where google-auth has no credentials."""
        return super().is_unknown_identity(error) or "Credential" in type(error).__name__

    def is_denied(self, error: Exception) -> bool:
        """Return True for 403, which gcsfs raises as a plain OSError."""
        return super().is_denied(error) or str(error).startswith("Forbidden")

    def is_refused(self, error: Exception) -> bool:
        """Return True for 400, which gcsfs raises without a status."""
        return str(error).startswith("Bad Request")


register(Google())
