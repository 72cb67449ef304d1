"""Published lists into folds of items: tables in either shape, JSON of lists, NPZ of names.

a column per subset      train, val, test (CLAM's splits_k.csv); train_slide_id, train_case_id, train_label
a column of subsets      slide_id, label, split; with a pattern such as `CV3_*` each column that fits is a fold
JSON                     lists of names below keys that name a subset, at any depth; or a list of objects
NPZ                      arrays of names: train_patients, val_patients, test_patients
names alone              the subset is named by the file or its folder: test/image_ids.txt
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from neurograde.audit.roles import role_of, split_header, subset_of, subset_within
from neurograde.audit.tables import read_table
from neurograde.errors import DataError, UsageError
from neurograde.maths.both_sides import Item
from neurograde.storage.tables import Table

NO_ARRAYS = (OSError, ValueError, TypeError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""Errors of numpy and zipfile for a file that cannot be read as an archive of arrays."""
LIST_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".npz")


@dataclass(frozen=True)
class Columns:
    """Columns that the user names, by role, and names of subsets that the user maps."""

    item: str | None = None
    subset: str | None = None
    patient: str | None = None
    slide: str | None = None
    label: str | None = None
    subsets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fold:
    """One way of splitting; subsets are compared within it alone."""

    name: str
    items: tuple[Item, ...]


def read_list(path: Path, columns: Columns, within: Path | None = None) -> list[Fold]:
    """Return the folds of one file.

    Args:
        path: CSV, TSV, TXT, JSON or NPZ.
        columns: what the user names.
        within: folder below which the path may name the subset of a list that does not; the file's own by default.

    Raises:
        DataError: the file cannot be read, or names no subset.
        UsageError: another suffix.
    """
    suffix = path.suffix.lower()
    if suffix not in LIST_SUFFIXES:
        raise UsageError(f"{path}: accepted are folders, and files that end in {', '.join(LIST_SUFFIXES)}")
    if suffix == ".json":
        return _from_json(path, columns)
    if suffix == ".npz":
        return [_from_npz(path, columns)]
    table = read_table(path)
    wide = {header: role for header in table.columns if (role := split_header(header, columns.subsets))}
    if len({subset for subset, _ in wide.values()}) > 1 and columns.subset is None:
        return [Fold(path.stem, tuple(_wide(table, wide)))]
    if named := _subset_columns(table, columns):
        return [
            Fold(path.stem if len(named) == 1 else f"{path.stem}: {column}", tuple(_long(table, column, columns)))
            for column in named
        ]
    subset = subset_within(str(path.relative_to(within or path.parent)), columns.subsets)
    if subset is None:
        raise DataError(
            f"{path}: no subset is named, neither by a column ({', '.join(table.columns)}) nor by the path; "
            "accepted: columns train, valid, test, or --subset COLUMN"
        )
    return [Fold("", tuple(_long(table, None, columns, subset)))]


def _wide(table: Table, wide: Mapping[str, tuple[str, str]]) -> Iterator[Item]:
    """Yield the items of a table with columns for each subset."""
    for subset in dict.fromkeys(subset for subset, _ in wide.values()):
        of_role = {role: header for header, (of, role) in wide.items() if of == subset}
        name_role = next((role for role in ("item", "slide", "patient") if role in of_role), None)
        if name_role is None:
            raise DataError(f"{table.source}: the columns of {subset} name no items: {', '.join(of_role.values())}")
        for line, row in zip(table.lines, table.rows, strict=True):
            if name := row[of_role[name_role]]:
                cells = {role: row[header] or None for role, header in of_role.items() if role != "item"}
                yield Item(_without_point(name), subset, row=line, **cells)


def _without_point(name: str) -> str:
    """Return a number without the `.0` that a column with gaps gives to integers."""
    return name[:-2] if name.endswith(".0") and name[:-2].isdigit() else name


def _subset_columns(table: Table, columns: Columns) -> list[str]:
    """Return the columns that name the subset of each row."""
    if columns.subset is not None:
        fitting = [header for header in table.columns if fnmatchcase(header, columns.subset)]
        if not fitting:
            raise DataError(f"{table.source}: no column {columns.subset!r}; there are {', '.join(table.columns)}")
        return fitting
    named = [header for header in table.columns if role_of(header) == "subset"]
    known = [
        header for header in table.columns if all(subset_of(cell, columns.subsets) for cell in table.column(header))
    ]
    return named[:1] or known[:1]


def _long(table: Table, subset_column: str | None, columns: Columns, subset: str = "") -> Iterator[Item]:
    """Yield the items of a table with a row for each; a row without subset is not used by its fold."""
    headers = {role: _column_of(table, role, getattr(columns, role)) for role in ("item", "slide", "patient", "label")}
    taken = set(headers.values()) | {subset_column}
    name_column = next((headers[role] for role in ("item", "slide", "patient") if headers[role]), None)
    if name_column is None:
        name_column = next((header for header in table.columns if header not in taken), None)
    if name_column is None:
        raise DataError(f"{table.source}: no column names the items; there are {', '.join(table.columns)}")
    further = {role: header for role, header in headers.items() if header and role != "item"}
    for line, row in zip(table.lines, table.rows, strict=True):
        in_subset = row[subset_column] if subset_column else subset
        if in_subset and row[name_column]:
            cells = {role: row[header] or None for role, header in further.items()}
            yield Item(
                _without_point(row[name_column]),
                subset_of(in_subset, columns.subsets) or _without_point(in_subset),
                row=line,
                **cells,
            )


def _column_of(table: Table, role: str, named: str | None) -> str | None:
    """Return the column of a role: the one that the user names, if the table has it, or the first by its header."""
    if role == "item" and named is not None and named not in table.columns:
        raise DataError(f"{table.source}: no column {named!r}; there are {', '.join(table.columns)}")
    if named is not None:
        return named if named in table.columns else None
    return next((header for header in table.columns if header and role_of(header) == role), None)


def _from_npz(path: Path, columns: Columns) -> Fold:
    """Return the fold of an NPZ file with an array of names for each subset."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            content = {name: np.atleast_1d(arrays[name]).ravel() for name in arrays.files}
    except NO_ARRAYS as error:
        raise DataError(f"{path}: {error}; accepted: NPZ of arrays of names, without pickles") from None
    items = []
    for array, names in content.items():
        role = split_header(array, columns.subsets)
        if role is None:
            continue
        subset, what = role
        for row, value in enumerate(names, start=1):
            name = str(value)
            items.append(Item(name, subset, row=row, **({what: name} if what in ("patient", "slide") else {})))
    if not items:
        raise DataError(f"{path}: no array names a subset, of {', '.join(content)}; accepted: train_..., test_...")
    return Fold(path.stem, tuple(items))


def _from_json(path: Path, columns: Columns) -> list[Fold]:
    """Return the folds of a JSON file: names below keys that name a subset, or objects with fields."""
    try:
        content = json.loads(path.read_bytes())
        json.dumps(content, ensure_ascii=False).encode()  # half letters are no names
    except (UnicodeError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: no JSON ({error})") from None
    if isinstance(content, list) and content and all(isinstance(entry, dict) for entry in content):
        return _from_objects(path, content, columns)
    folds: dict[str, list[Item]] = {}
    for keys, names in _name_lists(content, ()):
        subset, others = None, []
        for key in keys:
            word = subset_of(key, columns.subsets) if subset is None else None
            if word is None and subset is None and (role := split_header(key, columns.subsets)):
                word = role[0]
            if word:
                subset = word
            else:
                others.append(key)
        if subset:
            rows = [Item(name, subset, row=row) for row, name in enumerate(names, start=1)]
            folds.setdefault(": ".join([path.stem, *others]), []).extend(rows)
    if not folds:
        raise DataError(f"{path}: no key names a subset; accepted: lists of names below train, valid, test")
    return [Fold(name, tuple(items)) for name, items in folds.items()]


def _from_objects(path: Path, objects: Sequence[Mapping[str, Any]], columns: Columns) -> list[Fold]:
    """Return the folds of a list of objects, read as the rows of a table."""
    headers = tuple(dict.fromkeys(str(key) for entry in objects for key in entry))
    rows = tuple({header: str(entry.get(header, "")) for header in headers} for entry in objects)
    table = Table(str(path), headers, rows, tuple(range(1, len(rows) + 1)))
    named = _subset_columns(table, columns)
    if not named:
        raise DataError(f"{path}: no field of {', '.join(headers)} names a subset; accepted: --subset FIELD")
    return [Fold(path.stem, tuple(_long(table, column, columns))) for column in named[:1]]


def _name_lists(content: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield every list of names with the keys and positions that lead to it."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _name_lists(value, (*keys, str(key)))
    elif isinstance(content, list) and any(isinstance(entry, dict | list) for entry in content):
        for position, entry in enumerate(content):
            yield from _name_lists(entry, (*keys, str(position)))
    elif isinstance(content, list):
        yield keys, [str(entry) for entry in content]
