"""The format of numbers, the same everywhere on the page."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from neurograde.reports.metrics import is_share

NARROW = "\u202f"  # narrow no-break space, before a unit
MINUS = "−"
NOTHING = "–"  # for a value that was not measured, or is undefined


def count(value: object) -> str:
    """Format a whole number with its thousands apart: 116,077,948."""
    return NOTHING if value is None else f"{value:,}"


def decimal(value: float | None, places: int = 3) -> str:
    """Format a number to `places` decimals, 0.278; a dash for None."""
    return NOTHING if value is None else f"{value:,.{places}f}".replace("-", MINUS)


def percent(value: float | Fraction | None, places: int = 1) -> str:
    """Format a share in percent, 88.4 %; a dash for None."""
    return NOTHING if value is None else f"{float(value) * 100:.{places}f}{NARROW}%"


def metric(name: str, value: float | None) -> str:
    """Format the metric `name`: shares in percent, losses and areas to three decimals."""
    return percent(value) if is_share(name) else decimal(value)


def interval(name: str, low: float | None, high: float | None) -> str:
    """Format the interval of the metric `name`, 84.1–92.0 %; an empty text where there is none."""
    if low is None or high is None:
        return ""
    if is_share(name):
        return f"{low * 100:.1f}–{high * 100:.1f}{NARROW}%"
    return f"{decimal(low)}–{decimal(high)}"


def spread(name: str, mean: float | None, std: float | None) -> str:
    """Format mean ± standard deviation of the metric `name`; the mean alone of a single repeat."""
    if mean is None or std is None:
        return metric(name, mean)
    if is_share(name):
        return f"{mean * 100:.1f} ± {std * 100:.1f}{NARROW}%"
    return f"{mean:.3f} ± {std:.3f}"


def change(value: float | None) -> str:
    """Format a difference with its sign, −0.512; a dash for None."""
    return NOTHING if value is None else f"{value:+.3f}".replace("-", MINUS)


def difference(name: str, value: float | None) -> str:
    """Format a difference of the metric `name` with its sign: shares in percentage points, others to three decimals."""
    return points(value) if is_share(name) else change(value)


def points(value: float | None) -> str:
    """Format a difference of shares in percentage points with its sign, −32.9; a dash for None."""
    return NOTHING if value is None else f"{value * 100:+.1f}".replace("-", MINUS)


def duration(seconds: float) -> str:
    """Format a time in the two units that suit it.

    >>> duration(7.25), duration(433), duration(45_864_000)
    ('7.2 s', '7 min 13 s', '12,740 h')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {rest} min" if rest else f"{hours:,} h"


def shares_that_add_up(parts: Sequence[int], steps: int = 10_000) -> list[float]:
    """Return the shares of `parts` in their sum, rounded to 1/steps so that they add up to 1 (largest remainder).

    The study's own example: of 116,077,948 px, 12.94 % and 2.53 % are lost and 84.53 % kept.

    >>> shares_that_add_up([98_125_000, 15_020_000, 2_932_948])
    [0.8453, 0.1294, 0.0253]
    """
    total = sum(parts)
    if total == 0:
        return [0.0] * len(parts)
    exact = [Fraction(part * steps, total) for part in parts]
    units = [floor(share) for share in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: (units[index] - exact[index], index))
    for index in by_remainder[: steps - sum(units)]:
        units[index] += 1
    return [unit / steps for unit in units]


def prose_list(words: Sequence[str]) -> str:
    """Join words as a sentence lists them.

    >>> prose_list(["train"]), prose_list(["train", "valid", "test"])
    ('train', 'train, valid and test')
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def plural(number: int, noun: str) -> str:
    """Format a count with its noun: 1 family, 20 families, 1,570 patches.

    >>> plural(1, "family"), plural(20, "family"), plural(1570, "patch")
    ('1 family', '20 families', '1,570 patches')
    """
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y"):
        return f"{number:,} {noun[:-1]}ies"
    return f"{number:,} {noun}{'es' if noun.endswith(('ch', 's')) else 's'}"
