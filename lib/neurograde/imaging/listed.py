"""The files of a folder, sorted into images and others by their suffix; images whose name no store can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from neurograde.maths.text import printable
from neurograde.specs.names import mistake_of_image
from neurograde.specs.patch import IMAGE_SUFFIXES

ACCEPTED = f"accepted suffixes: {', '.join(IMAGE_SUFFIXES)}"
SUFFIXES_SHOWN = 5
"""Suffixes of other files that a message lists."""


@dataclass
class Listed:
    """The files of a folder."""

    images: list[str] = field(default_factory=list)
    """Paths of images."""
    others: list[str] = field(default_factory=list)
    """Paths of files whose suffix is not that of an image."""
    bad: dict[str, str] = field(default_factory=dict)
    """Images that cannot be used for their name, by path as it can be shown, with the reason."""


def sort_files(paths: Iterable[str]) -> Listed:
    """Return the files, sorted, each list in the order of `paths`."""
    listed = Listed()
    for path in paths:
        if PurePosixPath(path).suffix.lower() not in IMAGE_SUFFIXES:
            listed.others.append(path)
        elif problem := mistake_of_image(path):
            listed.bad[printable(path)] = f"{printable(path)}: cannot be used under this name: {problem}; rename it"
        else:
            listed.images.append(path)
    return listed


def others_in_words(paths: Iterable[str]) -> str:
    """Return the number of files and their suffixes, the most frequent first, and the suffixes that are accepted.

    >>> others_in_words(["a.jp2", "b.JP2", "c"]).partition(":")[0]
    '3 files (2 of .jp2, 1 of no suffix) are left out for their suffix; accepted suffixes'
    """
    suffixes = Counter(printable(PurePosixPath(path).suffix.lower()) or "no suffix" for path in paths)
    most = [f"{count:,} of {suffix}" for suffix, count in suffixes.most_common(SUFFIXES_SHOWN)]
    rest = ["..."] if len(suffixes) > SUFFIXES_SHOWN else []
    return f"{suffixes.total():,} files ({', '.join(most + rest)}) are left out for their suffix; {ACCEPTED}"
