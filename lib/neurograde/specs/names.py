"""The rule for names: how images, classes, families and objects may be called, so that every store can hold them.

One rule for all: keys of the store, classes and families as they are written in specs and tables, files of images.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

LONGEST_NAME = 255
"""Bytes of one part of a key that file systems accept."""
LONGEST_KEY = 1024
"""Bytes of a key that the clouds accept."""
LONGEST_STEM = 230
"""Bytes of an image's name without its suffix: its patches are called after it, `..._r00_c00.png`."""
LONGEST_LABEL = 100
"""Characters of a class or a family."""
CONTROL, HALF = frozenset({"Cc", "Zl", "Zp"}), "Cs"
"""Categories of Unicode that no name may hold: line feeds and terminal escapes; bytes that are not UTF-8."""
NO_CHARACTERS = frozenset("\ufffe\uffff")
"""Code points that the XML of S3 cannot hold."""


def mistake_of(name: str) -> str | None:
    r"""Return the reason why no file, and no part of a key, may have this name; None if one may.

    >>> mistake_of("Fall 7 (é).png"), mistake_of("a\nb.png")
    (None, 'it holds the character U+000A')
    """
    if name in ("", ".", ".."):
        return "a part of it is empty, . or .."
    for character in name:
        category = unicodedata.category(character)
        if character in "/\\":
            return f"it holds the character {character}"
        if category in CONTROL or character in NO_CHARACTERS:
            return f"it holds the character U+{ord(character):04X}"
        if category == HALF:
            return "it is not in UTF-8"
    if len(name.encode()) > LONGEST_NAME:
        return f"it takes {len(name.encode()):,} bytes; accepted are {LONGEST_NAME}"
    return None


def mistake_of_image(path: str) -> str | None:
    """Return the reason why an image may not have this path in its folder; None if it may."""
    parts = path.split("/")
    stem = parts[-1].rpartition(".")[0] or parts[-1]
    problem = next((problem for part in parts if (problem := mistake_of(part))), None)
    if problem is None and len(stem.encode()) > LONGEST_STEM:
        problem = f"its last part takes {len(stem.encode()):,} bytes without the suffix; accepted are {LONGEST_STEM}"
    return problem


def check_label(name: str) -> str:
    """Return `name` if a class or a family may have it: it becomes a folder.

    Raises:
        ValueError: It may not; names the reason.
    """
    problem = mistake_of(name)
    if problem is None and name.startswith("."):
        problem = "it begins with a dot"
    if problem is None and len(name) > LONGEST_LABEL:
        problem = f"it has {len(name):,} characters"
    if problem is not None:
        raise ValueError(
            f"{problem}; a class or family becomes a folder: accepted are 1 to {LONGEST_LABEL} characters, no slash, "
            "no leading dot, no control characters"
        )
    return name


Label = Annotated[str, StringConstraints(min_length=1), AfterValidator(check_label)]
"""A class or family as the laboratory calls it: any letters and spaces, but one folder name."""
