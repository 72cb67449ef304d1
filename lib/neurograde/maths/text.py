"""Text of strangers, made fit for a terminal, a log or a message: nothing in it acts, and nothing in it is secret."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

_ACTING = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of Unicode that move a cursor, end a line or turn the direction of writing, and halves of letters."""
_PARAMETERS = "sig|signature|token|secret|password|passwd|pwd|credential|key|auth"
"""Parts of the names of parameters whose values are secret."""
_QUERY = re.compile(rf"([?&;][^=&;#\s]*(?:{_PARAMETERS})[^=&;#\s]*=)[^&;#\s'\"]+", re.IGNORECASE)
_USER = re.compile(r"(\b[a-z][a-z0-9+.-]*:/{0,2})[^\s/@:'\"]+:[^\s@'\"]+@", re.IGNORECASE)
_LONE_USER = re.compile(r"(\bhttps?://)[^\s/@'\"]+@", re.IGNORECASE)


def printable(text: str, escape: Callable[[str], str] = ascii) -> str:
    r"""Return the text with everything escaped that is more than a letter to a terminal or a log.

    >>> print(printable("K\u00f6ln\x1b[31m\nERROR"))
    Köln\x1b[31m\nERROR
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(escape(letter)[1:-1] if unicodedata.category(letter) in _ACTING else letter for letter in text)


def json_line(value: Mapping[str, Any]) -> str:
    r"""Return the value as JSON on one line, letters as they are.

    >>> print(json_line({"event": "K\u00f6ln\u2028ERROR"}))
    {"event": "Köln\u2028ERROR"}
    """
    return printable(json.dumps(value, ensure_ascii=False), json.dumps)


def without_secrets(text: str) -> str:
    """Return the text with the users, passwords and signatures of its URLs left out.

    >>> without_secrets("simplecache::s3://KEY:SECRET/x@bucket/a, https://host/b.zip?sv=1&sig=abc%3D&x=2: gone")
    'simplecache::s3://...@bucket/a, https://host/b.zip?sv=1&sig=...&x=2: gone'
    """
    return _LONE_USER.sub(r"\1...@", _USER.sub(r"\1...@", _QUERY.sub(r"\1...", text)))


def has_secrets(url: str) -> bool:
    """Return True if the URL holds a user, a password or a signature.

    >>> [has_secrets(url) for url in ("gs://bucket/a@b", "https://host/x?download=1", "https://host/x?X-Goog-Signature=a")]
    [False, False, True]
    """
    return without_secrets(url) != url
