"""The four readings of "large" in iterative filling (§2.3.4): which families go to train first at a given μ.

With m = min(p2, p3), N1 is the number of large families, heaviest first:

    each       the families whose own share exceeds μ m: the report's first sentence, "too large" for valid and test
    together   the fewest families that hold at least μ m between them: the report's words on μ, and enough for its
               figure 2.4
    reserve    the fewest families that hold at least p1 - μ m: train is filled but for a reserve of μ m. It is not in
               the report's words but inferred from figure 2.5, of which it alone has the three areas and the key point
               (0.017, 0.22)
    any        every N1 from 0 to the number of families, in equal steps of μ: a superset of the others
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Reading: TypeAlias = Literal["each", "together", "reserve", "any"]

READINGS: tuple[Reading, ...] = get_args(Reading)
DEFAULT_READINGS: tuple[Reading, ...] = ("each", "together")
"""The readings of every spec that names none."""
