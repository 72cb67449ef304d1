"""Named randomness: every random draw comes from a generator named after its purpose.

A generator is a function of (root seed, name) alone, so neither the order of execution nor the sessions that train
beside it change its draws. The root is the spec's seed; the name is a path such as
`("session", "vgg16-sf-lr0.01-bs32-r3", "epoch", 7, "order")`.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np


def seed_of(root: int, *names: str | int) -> int:
    """Return the seed of a name under a root seed.

    The first 63 bits of the SHA-256 of the compact JSON array `[root, *names]`. JSON keeps types and borders
    apart, so `("a", "b")`, `("ab",)`, `("1",)` and `(1,)` are four names.

    Args:
        root: The spec's seed.
        *names: The purpose of the randomness, from the general to the particular.

    Returns:
        An integer in [0, 2^63), fit for NumPy's and torch's generators alike.

    Raises:
        ValueError: If a part is neither text nor an integer: a float has no single spelling, and `True` would
            pass for 1.

    >>> seed_of(0)
    7520536977032167579
    >>> seed_of(0, "order", 7) == seed_of(0, "order", "7")
    False
    """
    for part in (root, *names):
        if isinstance(part, bool) or not isinstance(part, str | int):
            raise ValueError(f"a name of a generator is made of text and integers, not {part!r}")
    text = json.dumps([root, *names], separators=(",", ":"), ensure_ascii=True)
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "big") >> 1


def generator(root: int, *names: str | int) -> np.random.Generator:
    """Return a new generator for a name under a root seed; the same arguments always give the same stream.

    PCG64 is explicit, since NumPy's default may change between releases.

    >>> bool(generator(3, "split").random() == generator(3, "split").random())
    True
    """
    return np.random.Generator(np.random.PCG64(seed_of(root, *names)))
