"""Functions element by element whose bits do not depend on where in its array an element lies.

On a CPU torch computes whole vectors, and what is left at an array's end one by one, by another exp: a session at the
end of a stack would differ in its last bits from the same session at its beginning.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn.functional import pad

VECTOR = 64
"""A multiple of what any CPU takes at a time: two vectors of 16 floats."""


def pointwise(function: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
    """Return `function` of every element, computed on whole vectors."""
    flat = values.reshape(-1)
    missing = -flat.numel() % VECTOR
    result: Tensor = function(pad(flat, (0, missing)) if missing else flat)
    return result[: flat.numel()].view(values.shape)
