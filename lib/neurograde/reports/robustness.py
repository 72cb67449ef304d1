"""The section of an audit on its features: the class or the family of an item, in its nearest neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from neurograde.reports.blocks import Block, Notes, Section
from neurograde.reports.numbers import count, decimal, percent, plural
from neurograde.reports.tables import Column, table

LIMITS = (
    "It is measured on these items alone. A high index does not show that a network will not learn the family, and a "
    "low one does not show that it will. Classes that lie apart for another reason, such as a scanner per class, look "
    "robust. Intervals are over families; with few of them they are wide, whatever the number of items."
)


def family_wins(result: Mapping[str, Any]) -> str | None:
    """Return a sentence for the banner if a level's index is below one half; None otherwise."""
    for level, entry in result.get("robustness", {}).get("levels", {}).items():
        index = entry.get("index")
        if index and index["value"] is not None and index["value"] < 0.5:
            return f"Neighbours share the {level} more often than the class: index {decimal(index['value'], 2)}."
    return None


def robustness_section(result: Mapping[str, Any]) -> Iterator[Section]:
    """Yield the section, if features were given."""
    part = result.get("robustness")
    if not part:
        return
    columns = [
        Column("level", "family is the", kind="text"),
        Column("items", "items", count),
        Column("families", "families", count),
        Column("mixed", "of several classes", count),
        Column("neighbours", "k", count),
        Column("index", "index", kind="text"),
        Column("others", "neighbours of its class, other families", kind="text"),
        Column("chance", "by chance", percent),
        Column("added", "own family adds", kind="text"),
    ]
    known = {level: entry for level, entry in part["levels"].items() if "reason" not in entry}
    rows = [
        [
            level, entry["items"], entry["families"], entry["mixed_families"], entry["neighbours"],
            _index(entry["index"]), _share(entry["others"]), entry["chance"], _points(entry["added"]),
        ]
        for level, entry in known.items()
    ]  # fmt: skip
    notes = [f"{level}: {entry['reason']}" for level, entry in part["levels"].items() if "reason" in entry]
    for level, entry in known.items():
        if entry["index"] is None:
            notes.append(
                f"each {level} has one class, so that no neighbour is of another class and the same {level}: there is "
                "no index; what the own family adds is how much of the class may be read from it"
            )
    for key, words in (("without_features", "no features"), ("without_label", "no class")):
        if part[key]:
            notes.append(f"{plural(part[key], 'item')} with {words}, left out")
    blocks: list[Block] = []
    if rows:
        caption = (
            "The k nearest neighbours of each item by cosine. Index: SO / (SO + OS), PathoROB's, of "
            "neighbours of the same class and another family (SO) and of another class and the same family (OS); "
            "1 is class alone, 0 family alone. Intervals: 95 %, families resampled."
        )
        blocks.append(table("robustness", caption, columns, rows))
    blocks.append(Notes((*notes, LIMITS)))
    lead = "Known before anything is trained: whether nearest neighbours share the class, or the family."
    yield Section("robustness", "Class against family", lead, tuple(blocks))


def _index(interval: Mapping[str, Any] | None) -> str:
    return "none" if interval is None or interval["value"] is None else _with_bounds(interval, 1, 2)


def _share(interval: Mapping[str, Any]) -> str:
    return f"{_with_bounds(interval, 100, 1)} %"


def _points(interval: Mapping[str, Any]) -> str:
    return f"{_with_bounds(interval, 100, 1)} points"


def _with_bounds(interval: Mapping[str, Any], factor: float, places: int) -> str:
    value, low, high = (interval[key] for key in ("value", "low", "high"))
    shown = f"{factor * value:.{places}f}"
    return shown if low is None else f"{shown} ({factor * low:.{places}f} to {factor * high:.{places}f})"
