"""The builder of every table: one declaration per column, from which the page and the CSV file both come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from neurograde.reports.blocks import Cell, Table
from neurograde.reports.numbers import NOTHING, difference, interval, metric

Text = str | tuple[str, str]
"""The text of a field; or the text, and the note below it in smaller type."""


@dataclass(frozen=True)
class Column:
    """A column of the page, of the CSV file, or of both."""

    name: str | None
    """Name in the CSV file; None for a column of the page alone."""
    title: str | None = None
    """Head on the page; None for a column of the CSV file alone."""
    write: Callable[..., str] = str
    """Format of a value on the page."""
    kind: str = "number"
    """`number`, `text` or `digest`."""
    value: Callable[[Any], object] | None = None
    """Function from a row to its value; None for rows that are sequences of values in the order of the columns."""
    show: Callable[[Any], Text] | None = None
    """Function from a row to its text on the page, where that is not the formatted value."""
    head_note: str = ""
    """Text below the head."""

    def cell(self, row: Any, index: int) -> Cell:
        """Return the field of the row on the page; `index` is the column's."""
        text = self.show(row) if self.show else self.write(self.of(row, index))
        text, note = (text, "") if isinstance(text, str) else text
        return Cell(text, note, self.kind)

    def of(self, row: Any, index: int) -> object:
        """Return the value of the row, unrounded."""
        return self.value(row) if self.value else row[index]


Lines = tuple[Sequence[str], Iterable[Sequence[object]]]
"""Columns and rows of a CSV file whose rows are not those of the page."""


def table(
    slug: str,
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Any],
    *,
    total: Any = None,
    csv_rows: Sequence[Any] | None = None,
    csv: Lines | None = None,
) -> Table:
    """Return a table.

    Args:
        slug: Name of the CSV file.
        caption: Text above the table.
        columns: The columns.
        rows: Rows of the page, in any form that the columns take.
        total: A last row of the page that adds up the others.
        csv_rows: Rows of the CSV file, where it has others than the page.
        csv: The whole CSV file, where its columns are not those of the page.
    """
    shown = [(index, column) for index, column in enumerate(columns) if column.title is not None]
    named = [(index, column) for index, column in enumerate(columns) if column.name is not None]

    def cells(row: Any) -> tuple[Cell, ...]:
        return tuple(column.cell(row, index) for index, column in shown)

    names, values = csv or (
        [str(column.name) for _, column in named],
        [[column.of(row, index) for index, column in named] for row in (rows if csv_rows is None else csv_rows)],
    )
    return Table(
        slug=slug,
        caption=caption,
        titles=tuple(Cell(str(column.title), column.head_note, column.kind) for _, column in shown),
        rows=tuple(cells(row) for row in rows),
        columns=tuple(names),
        values=tuple(tuple(row) for row in values),
        total=() if total is None else cells(total),
    )


class Measured(Protocol):
    """A value with the bounds of its interval."""

    @property
    def value(self) -> float | None:
        """Return the value."""

    @property
    def low(self) -> float | None:
        """Return the lower bound."""

    @property
    def high(self) -> float | None:
        """Return the upper bound."""

    @property
    def exact(self) -> int | None:
        """Return the families of an exact interval; None of one over resamples."""


def measured(name: str, value: Measured | None) -> tuple[str, str]:
    """Return the metric `name` with its interval below; a dash for one that was not taken."""
    if value is None:
        return NOTHING, ""
    return metric(name, value.value), interval(name, value.low, value.high) + (", exact" if value.exact else "")


def gained(name: str, change: Measured | None) -> tuple[str, str]:
    """Return a difference of the metric `name` with its interval below; a dash for one that was not taken."""
    if change is None:
        return NOTHING, ""
    bounds = [difference(name, bound) for bound in (change.low, change.high) if bound is not None]
    return difference(name, change.value), " to ".join(bounds)
