"""Image files of a split that are equal to the pixel or look alike: on both sides, or under two labels."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurograde.errors import DataError
from neurograde.imaging.pixels.reader import read_rgb
from neurograde.maths.both_sides import NAMED, Item
from neurograde.maths.digest import sha256_hex
from neurograde.maths.identity import identity
from neurograde.patches.near_duplicates import PatchHashes, near_duplicates
from neurograde.runtime.log import log
from neurograde.runtime.progress import duration, progress
from neurograde.specs.patch import SLIDE_SUFFIXES

MAX_PIXELS = 400_000_000
_TIMED = 8  # images after which the time for all is estimated


def look_at_images(items: Sequence[Item]) -> dict[str, Any]:
    """Return what the images of one fold have in common across subsets, and across labels.

    Each image is decoded once. Slides are not decoded: their bytes are compared. The time that it takes is logged
    after the first images.

    Returns:
        `images` read, those `unreadable` with the reason, `equal`: groups of images of equal pixels in several
        subsets, `alike`: pairs that look the same, of different families and subsets, `two_labels`: groups of images
        of equal pixels under several labels.
    """
    with_files = [item for item in items if item.path]
    digests: dict[str, list[Item]] = {}
    hashes, unreadable = PatchHashes(), []
    start = time.monotonic()
    with progress("comparing", len(with_files), "images") as advance:
        for number, item in enumerate(with_files, start=1):
            try:
                digests.setdefault(_digest(item, hashes), []).append(item)
            except (DataError, OSError) as error:
                unreadable.append(str(error))
            if number == _TIMED:
                left = (time.monotonic() - start) / number * (len(with_files) - number)
                log.info(f"comparing the pixels of {len(with_files):,} images takes about {duration(left)} more")
            advance(1)
    rows = [{"patch": item.name, "family": identity(item.patient or item.slide or item.name)} for item in with_files]
    return {
        "images": len(with_files) - len(unreadable),
        "unreadable": unreadable,
        "equal": _groups(digests, "subset"),
        "alike": near_duplicates(rows, [item.subset for item in with_files], hashes).as_json(),
        "two_labels": _groups(digests, "label"),
    }


def _digest(item: Item, hashes: PatchHashes) -> str:
    """Return the digest of an image's pixels, or of a slide's bytes; hash what it looks like."""
    assert item.path is not None, "only items with files are looked at"
    path = Path(item.path)
    data = path.read_bytes()
    if path.suffix.lower() in SLIDE_SUFFIXES:
        return sha256_hex(data)
    pixels: NDArray[np.uint8] = read_rgb(data, str(path), MAX_PIXELS)
    hashes.add(item.name, pixels)
    return sha256_hex(str(pixels.shape).encode() + pixels.tobytes())


def _groups(digests: Mapping[str, Sequence[Item]], what: str) -> dict[str, Any]:
    """Return the groups of equal images that differ in a field: their number and the first, by name."""
    groups = [
        sorted(({"item": item.name, what: getattr(item, what)} for item in equal), key=lambda entry: entry["item"])
        for equal in digests.values()
        if len({identity(value) for item in equal if (value := getattr(item, what)) is not None}) > 1
    ]
    return {"count": len(groups), "first": sorted(groups, key=lambda group: group[0]["item"])[:NAMED]}
