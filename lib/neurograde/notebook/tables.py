"""A DataFrame from rows where pandas is installed, else a list of dicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast, get_type_hints

if TYPE_CHECKING:
    from pandas import DataFrame


def table(model: type[Any], rows: Iterable[Any]) -> DataFrame:
    """Return rows of the NamedTuple `model` as a table, a column per field."""
    hints = get_type_hints(model)
    types = {name: "Int64" if hint == int | None else "float64" for name, hint in hints.items() if _is_number(hint)}
    return _table(model._fields, [row._asdict() for row in rows], types)


def table_of_texts(rows: Sequence[Mapping[str, str]], first: Mapping[str, str], numbers: str = "") -> DataFrame:
    """Return the rows of a CSV file as a table.

    Args:
        rows: The rows.
        first: Columns to put before those of the file, with their value.
        numbers: Prefix of the columns that hold numbers. The others stay text: a case may have the name 007.
    """

    def value(column: str, text: str) -> object:
        return float(text) if numbers and column.startswith(numbers) else text

    records = [dict(first) | {column: value(column, text) for column, text in row.items()} for row in rows]
    return _table(tuple(records[0]) if records else tuple(first), records)


def together(tables: Sequence[DataFrame]) -> DataFrame:
    """Return tables one below the other; columns that one lacks are empty in its rows."""
    if find_spec("pandas") is None:
        return cast("DataFrame", [record for records in tables for record in records])
    import pandas as pd  # noqa: PLC0415  optional

    filled = [frame for frame in tables if len(frame)] or tables[:1]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def _is_number(hint: Any) -> bool:
    """Return True for a type of numbers that may be missing."""
    return bool(hint in (int | None, float | None))


def _table(columns: Sequence[str], records: list[dict[str, Any]], types: Mapping[str, str] | None = None) -> DataFrame:
    if find_spec("pandas") is None:
        return cast("DataFrame", records)
    import pandas as pd  # noqa: PLC0415  optional

    return pd.DataFrame.from_records(records, columns=columns).astype(dict(types or {}))
