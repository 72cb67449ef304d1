"""Google Cloud Storage through gcsfs: each request tried once, what is read compared with its checksum."""

from __future__ import annotations

import base64
import inspect
import io
from typing import Any

import google_crc32c
from gcsfs.core import GCSFileSystem

_request_once = inspect.unwrap(GCSFileSystem._request)  # the retries are fixed in a decorator


class GoogleStorage(GCSFileSystem):  # type: ignore[misc]
    """gcsfs over HTTP. Its other class first requests the layout of each bucket over gRPC, with a minute of retries."""

    async def _request(self, method: str, path: str, *arguments: Any, data: Any = None, **options: Any) -> Any:
        # Bytes would be sent in one piece and block the loop that all transfers share.
        body = io.BytesIO(data) if data else data
        return await _request_once(self, method, path, *arguments, data=body, **options)

    async def _cp_file(self, path1: str, path2: str, acl: str | None = None, **_options: Any) -> None:
        """Copy an object within the store; as gcsfs's, but only where there is none (FileExistsError)."""
        parts = [*self.split_path(path1)[:2], *self.split_path(path2)[:2]]
        options = {"headers": {"Content-Type": "application/json"}, "destinationPredefinedAcl": acl, "json_out": True}
        answer: dict[str, Any] = {}
        while not answer.get("done"):
            token = {"rewriteToken": answer["rewriteToken"]} if answer else {}
            url = "b/{}/o/{}/rewriteTo/b/{}/o/{}"
            answer = await self._call("POST", url, *parts, ifGenerationMatch=0, **options, **token)

    async def _cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> bytes:
        """Return the object, as gcsfs does; a whole one is compared with its CRC-32C, as s3fs does by itself.

        Raises:
            ConnectionError: The bytes that arrived are not those that were sent.
        """
        if start is not None or end is not None:
            part: bytes = await super()._cat_file(path, start=start, end=end, **options)
            return part
        headers, data = await self._call("GET", self.url(path))
        sent = [part[7:] for part in headers.get("X-Goog-Hash", "").split(",") if part.startswith("crc32c=")]
        arrived = base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()
        if sent and sent[0] != arrived:
            raise ConnectionError(f"{len(data)} bytes of CRC-32C {arrived} arrived, {sent[0]} were sent")
        whole: bytes = data
        return whole
