"""S3 and what speaks its protocol, through s3fs."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import fsspec

from neurograde.storage.backends import backend
from neurograde.storage.backends.backend import UNCACHED, Backend, backend_of, is_split_key, register

NOT_CONDITIONAL = (400, 501)
"""Statuses by which a store refuses a copy under a condition that it does not know."""


class Amazon(Backend):
    """Buckets of S3."""

    schemes: ClassVar[tuple[str, ...]] = ("s3", "s3a")
    packages: ClassVar[tuple[str, ...]] = ("aiobotocore", "botocore", "aiohttp", "urllib3")

    def open(self, url: str) -> Any:
        """Return a file system with our timeouts and without s3fs's own retries."""
        del url
        timeouts = {"connect_timeout": backend.CONNECT_SECONDS, "read_timeout": backend.SILENCE_SECONDS}
        filesystem = fsspec.filesystem(
            "s3",
            **UNCACHED,
            config_kwargs={"retries": {"total_max_attempts": 1}, **timeouts},
            max_concurrency=1,  # with more of them, every read would first request the size
        )
        filesystem.retries = 1
        filesystem.promote = partial(_promote, filesystem)
        return filesystem

    def holds_credentials(self, host: str) -> bool:
        """Return True for a user or a key in front of the bucket."""
        return super().holds_credentials(host) or is_split_key(host)

    def http_status(self, error: Exception) -> int | None:
        """Return the HTTP status; s3fs translates botocore's error into one of errno, and keeps it as the cause."""
        status: object = super().http_status(error)
        for source in (error, error.__cause__):
            response = getattr(source, "response", None)
            if isinstance(response, dict):
                status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return int(str(status)) if str(status).isdigit() else None

    def is_unknown_identity(self, error: Exception) -> bool:
        """Return True for 401, and where botocore finds no credentials."""
        return super().is_unknown_identity(error) or "Credential" in type(error).__name__

    def is_refused(self, error: Exception) -> bool:
        """Return True where botocore finds a parameter invalid."""
        return type(error).__name__ == "ParamValidationError"


def _promote(filesystem: Any, source: str, target: str) -> None:
    """Copy an object to a name that is free: in one step, or in two in a store that does not know the condition.

    Of an object of more than 5 GB, which S3 copies in parts, the condition is not asked.

    Raises:
        FileExistsError: The name is taken.
    """
    try:
        filesystem.cp_file(source, target, IfNoneMatch="*")
    except (OSError, ValueError) as error:
        if backend_of("s3://").http_status(error) not in NOT_CONDITIONAL:
            raise
    else:
        return
    if filesystem.exists(target):
        raise FileExistsError(target)
    filesystem.cp_file(source, target)


register(Amazon())
