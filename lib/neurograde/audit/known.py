"""Patient, slide and class of each item, from names, columns or a table beside the list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from neurograde.audit.lists import Columns, Fold
from neurograde.audit.roles import role_of
from neurograde.errors import DataError, UsageError
from neurograde.maths.both_sides import Item
from neurograde.maths.identity import identity
from neurograde.maths.naming import told_by
from neurograde.storage.tables import Table

ItemsAre = Literal["image", "slide", "patient"]


@dataclass(frozen=True)
class Rules:
    """The rules that find patient and slide; the first that fits counts: regular expression, column, pattern, table."""

    columns: Columns = field(default_factory=Columns)
    family: re.Pattern[str] | None = None
    """Regular expression whose group `family`, first group or whole match is the patient."""
    items_are: ItemsAre | None = None
    beside: Table | None = None
    """Table with a row for each item, or for each of many more."""


@dataclass(frozen=True)
class Known:
    """Folds of items as far as they are known, and how many items each rule told the patient of."""

    folds: tuple[Fold, ...]
    told: dict[str, int]


def family_pattern(text: str) -> re.Pattern[str]:
    """Return a regular expression of the command line; UsageError if it is none."""
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(f"--family {text!r}: no regular expression ({error})") from None


def complete(folds: Sequence[Fold], rules: Rules) -> Known:
    """Return the folds with everything that the rules find out about their items.

    Raises:
        DataError: the table beside the list has none of its names, or lacks a column that the user names; or the
            regular expression fits no name, so that nothing would be known of any patient.
    """
    rows = _rows_beside(folds, rules) if rules.beside else {}
    told: Counter[str] = Counter()
    completed = []
    for fold in folds:
        items = []
        for item in fold.items:
            rule, known = _completed(item, rules, rows.get(identity(item.name)))
            told[rule] += 1
            items.append(known)
        completed.append(Fold(fold.name, tuple(items)))
    for role in ("patient", "slide", "label"):
        column = getattr(rules.columns, role)
        if column is not None and all(getattr(item, role) is None for fold in completed for item in fold.items):
            raise DataError(f"--{role} {column!r}: no such column in the list or the table beside it, or all is empty")
    if rules.family is not None and "regular expression" not in told:
        example = next((item.name for fold in folds for item in fold.items), "")
        raise DataError(f"--family {rules.family.pattern!r}: none of the names fits, such as {example!r}")
    return Known(tuple(completed), dict(sorted(told.items())))


def _completed(item: Item, rules: Rules, beside: Item | None) -> tuple[str, Item]:
    """Return which rule told the patient, and the item with patient, slide and label."""
    pattern = told_by(item.name)
    aside = beside or Item("", "")
    itself = {level: item.name if rules.items_are == level else None for level in ("slide", "patient")}
    patients = {
        f"pattern of {pattern.pattern}": pattern.patient,
        "column": item.patient,
        "table beside the list": aside.patient,
        "items are patients": itself["patient"],
    }
    if rules.columns.patient is not None:  # what the user names goes before what is guessed
        patients = {"column": item.patient, "table beside the list": aside.patient}
    if rules.family is not None:
        patients = {"regular expression": _match(rules.family, item.name)}
    slides = [pattern.slide, item.slide, aside.slide, itself["slide"]]
    if rules.columns.slide is not None:
        slides = [item.slide, aside.slide]
    rule, patient = next(((rule, name) for rule, name in patients.items() if name), ("unknown", None))
    return rule, replace(
        item,
        patient=patient,
        slide=next((name for name in slides if name), None),
        label=item.label or aside.label,
    )


def _match(expression: re.Pattern[str], name: str) -> str | None:
    """Return the group `family` of the match, or its first group, or all of it; None without a match."""
    match = expression.search(name) or expression.search(name.rpartition("/")[2])  # a path, or the file's name alone
    if match is None:
        return None
    groups = match.groupdict()
    return groups["family"] if "family" in groups else match.group(1 if expression.groups else 0)


def _rows_beside(folds: Sequence[Fold], rules: Rules) -> dict[str, Item]:
    """Return what the table beside the list has of each name, by the name's identity."""
    table, columns = rules.beside, rules.columns
    assert table is not None, "the caller has a table"
    names = {identity(item.name) for fold in folds for item in fold.items}
    keys = {header: [identity(cell) for cell in table.column(header)] for header in table.columns}
    matches = {header: len(names & set(cells)) for header, cells in keys.items()}
    key = max(matches, key=lambda header: matches[header])
    if not matches[key]:
        raise DataError(f"{table.source}: no column has any of the {len(names):,} names of the list")
    headers = {}
    for role in ("patient", "slide", "label"):
        named = getattr(columns, role)
        fitting = [header for header in table.columns if header != key and role_of(header) == role]
        headers[role] = named if named in table.columns else next(iter(fitting), None)
    rows: dict[str, Item] = {}
    for cells, name in zip(table.rows, keys[key], strict=True):
        values = {role: (cells[header] or None) if header else None for role, header in headers.items()}
        rows.setdefault(name, Item(name, "", values["patient"], values["slide"], values["label"]))
    return rows
