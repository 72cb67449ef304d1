"""The symmetries of the square: identity and the 7 transforms of figure 2.6, in the order in which they are used.

Each is a left-right flip or none, then quarter turns counter-clockwise. Nothing is interpolated, so each is exact and
keeps the morphology of every cell.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

IDENTITY = "identity"
TRANSFORMS = ("rot90", "rot180", "rot270", "flip", "flip_rot90", "flip_rot180", "flip_rot270")
"""The 7 transforms, in the order in which balancing takes them."""
ScalarT = TypeVar("ScalarT", bound=np.generic)


def apply(image: NDArray[ScalarT], transform: str) -> NDArray[ScalarT]:
    """Return `image` (height, width, channel) under `transform`, as a view.

    Raises:
        ValueError: `transform` is neither `identity` nor one of `TRANSFORMS`.

    >>> apply(np.array([[[1], [2]], [[3], [4]]], np.uint8), "rot90")[:, :, 0].tolist()
    [[2, 4], [1, 3]]
    >>> apply(np.array([[[1], [2]], [[3], [4]]], np.uint8), "flip")[:, :, 0].tolist()
    [[2, 1], [4, 3]]
    """
    if transform != IDENTITY and transform not in TRANSFORMS:
        raise ValueError(f"{transform!r} is not a transform; accepted: {IDENTITY}, {', '.join(TRANSFORMS)}")
    flipped = image[:, ::-1] if transform.startswith("flip") else image
    digits = transform.rpartition("rot")[2]
    return np.rot90(flipped, int(digits) // 90 if digits.isdigit() else 0)
