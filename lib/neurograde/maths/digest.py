"""Digests, by which two artefacts are recognised as equal."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    r"""Return JSON in one spelling: sorted keys, no spaces, UTF-8, shortest floats, NaN refused.

    >>> canonical_json({"b": 1.0, "a": ["µ"]}).decode()
    '{"a":["µ"],"b":1.0}'
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()
