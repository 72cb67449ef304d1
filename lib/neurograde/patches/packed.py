"""Patches packed into one array: thousands of small objects are read once, then mapped from the local disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from neurograde.errors import DataError
from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.patches.png import decode_png
from neurograde.runtime.cache import Cache
from neurograde.runtime.progress import progress
from neurograde.storage.artefact import Artefact

AHEAD = 64  # patches read and not yet decoded: enough to keep every core at work, and little memory


def pack(patches: Artefact, names: Sequence[str], cache: Cache) -> NDArray[np.uint8]:
    """Return the pixels of the patches `names`, in that order, (patch, side, side, 3), read-only.

    They are read, checked and decoded where this machine has not done so before; the packed array is known by the
    artefact's digest and the names, so that patches made anew are packed anew.

    Raises:
        DigestMismatch: A patch differs from its digest in the manifest.
        DataError: A patch is damaged, or the patches are not squares of one size.
    """
    key = sha256_hex(canonical_json({"patches": patches.manifest.digest, "names": list(names)}))
    packed = cache.find(key)
    if packed is None:
        side = len(decode_png(patches.read(names[0]), f"{patches.url}/{names[0]}"))
        with cache.make(key, (len(names), side, side, 3), np.uint8) as packed:
            _read_into(packed, patches, names)
    return packed


def _read_into(packed: NDArray[np.uint8], patches: Artefact, names: Sequence[str]) -> None:
    """Fill `packed`: objects come in parallel from the store, and are decoded in threads as they come."""

    def decode(number: int, data: bytes) -> None:
        image = decode_png(data, f"{patches.url}/{names[number]}")
        height, width, _ = image.shape
        if (height, width) != packed.shape[1:3]:
            raise DataError(
                f"{patches.url}/{names[number]} is {width} x {height} px, {names[0]} {packed.shape[2]} px wide: "
                "squares of one size are accepted"
            )
        packed[number] = image

    under_way: deque[Future[None]] = deque()
    with progress("packing", len(names), "patches") as advance, ThreadPoolExecutor() as pool:
        for number, data in enumerate(patches.read_many(names)):
            under_way.append(pool.submit(decode, number, data))
            if len(under_way) > AHEAD:
                under_way.popleft().result()
            advance(1)
        for future in under_way:
            future.result()
