"""Identity of names: two spellings of one patient, image or class are one name.

Names are compared after Unicode's compatibility form (NFKC) and case folding; blanks are collapsed, invisible
characters removed, hyphens unified. Runs of digits count as integers, so that `001` meets `1`. A decimal keeps its
digits after the point, but for a part of zeros alone: `1.0` meets `1`, and `1.10` stays apart from `1.1`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_HYPHENS = "\u2212\u02d7\u06d4\u2043\ufe63\uff0d"  # look like a hyphen without being of Unicode's class Pd
_INVISIBLE = {"Cf", "Cc"}  # zero-width characters, soft hyphens, marks of direction, controls
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)*")


@lru_cache(maxsize=100_000)  # lists of names are compared at three levels
def identity(name: str) -> str:
    r"""Return the form in which two spellings of one name are equal.

    >>> identity("Case\u2010009 "), identity("case-9"), identity("1.0"), identity("1.10")
    ('case-9', 'case-9', '1', '1.10')
    """
    if name.isascii() and name.isprintable():  # the same, sooner
        text = " ".join(name.lower().split())
    else:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
        text = " ".join("".join(map(_plain, folded)).split())
    return _NUMBER.sub(_number, text)


def spellings(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the spellings of each name that has several, in code-point order, by their common identity.

    >>> spellings(["K7", "K7 ", "K8", "k07"])
    {'k7': ['K7', 'K7 ', 'k07']}
    """
    together: dict[str, set[str]] = {}
    for name in names:
        together.setdefault(identity(name), set()).add(name)
    return {key: sorted(group) for key, group in sorted(together.items()) if len(group) > 1}


def _plain(character: str) -> str:
    """Return a character as it is compared: a blank, nothing, a hyphen, an ASCII digit, or itself."""
    category = unicodedata.category(character)
    if character.isspace() or category == "Zs":
        return " "
    if category in _INVISIBLE:
        return ""
    if category == "Pd" or character in _HYPHENS:
        return "-"
    return str(unicodedata.digit(character)) if category == "Nd" else character


def _number(match: re.Match[str]) -> str:
    """Return a number without leading zeros; of a decimal, without a part of zeros alone."""
    parts = match.group().split(".")
    if len(parts) != 2:  # an integer, or a version or date such as 2023.01.05
        return ".".join(_integer(part) for part in parts)
    whole, fraction = parts
    return _integer(whole) + (f".{fraction}" if fraction.strip("0") else "")


def _integer(digits: str) -> str:
    return digits.lstrip("0") or "0"
