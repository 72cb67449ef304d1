"""Features of the items of a split: an NPZ of names and an array, or a table of a name and numbers per row."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurograde.audit.audit import family_of
from neurograde.audit.tables import read_table
from neurograde.errors import DataError, MissingUpstream
from neurograde.maths.both_sides import LEVELS, Item
from neurograde.maths.identity import identity
from neurograde.maths.robustness import robustness

ACCEPTED = "an NPZ with the arrays names (n) and features (n x width), or a CSV of a name and numbers per row"
Floats = NDArray[np.float64]


def read_features(path: Path) -> dict[str, Floats]:
    """Return the features of each name, by the identity of the name.

    Raises:
        MissingUpstream: The file does not exist.
        DataError: The file is neither form, a number is not finite, or a name is there twice with other numbers.
    """
    if not path.is_file():
        raise MissingUpstream(f"{path}: there is no such file; accepted: {ACCEPTED}")
    names, values = _from_npz(path) if path.suffix.lower() == ".npz" else _from_table(path)
    if not np.isfinite(values).all():
        [row, column] = np.argwhere(~np.isfinite(values))[0]
        raise DataError(f"{path}: feature {column + 1} of {names[row]!r} is not finite; accepted: numbers")
    features: dict[str, Floats] = {}
    for name, row in zip(names, values, strict=True):
        known = features.setdefault(identity(name), row)
        if not np.array_equal(known, row):
            raise DataError(f"{path}: {name!r} is there twice, with two features")
    return features


def class_against_family(items: Sequence[Item], features: dict[str, Floats], source: str) -> dict[str, Any]:
    """Return the part `robustness` of audit.json: the highest level that is known of all items, and why no higher.

    Items count once, those with a label and features.

    Raises:
        DataError: No item has features.
    """
    once = {item.at("item"): item for item in items}
    counted = [item for name, item in once.items() if name in features]
    if not counted:
        raise DataError(f"{source}: it has features of none of the {len(once):,} items; accepted: {ACCEPTED}")
    labelled = [item for item in counted if item.label is not None]
    values = np.stack([features[identity(item.name)] for item in labelled]) if labelled else np.empty((0, 1))
    entries: dict[str, Any] = {}
    for level in reversed(LEVELS[1:]):
        if any(item.at(level) is None for item in labelled):
            entries[level] = {"reason": f"the {level} of some items is unknown"}
            continue
        try:
            measured = robustness(
                values, [identity(item.label or "") for item in labelled], [family_of(item, level) for item in labelled]
            )
        except ValueError as error:
            entries[level] = {"reason": str(error)}
        else:
            entries[level] = asdict(measured)
            break  # slides of one patient are no families of their own
    return {
        "source": source,
        "without_features": len(once) - len(counted),
        "without_label": len(counted) - len(labelled),
        "levels": entries,
    }


def _from_npz(path: Path) -> tuple[list[str], Floats]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names, values = arrays["names"], arrays["features"].astype(np.float64)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: {error}; accepted: {ACCEPTED}") from None
    if values.ndim != 2 or names.shape != values.shape[:1]:
        raise DataError(f"{path}: names {names.shape}, features {values.shape}; accepted: {ACCEPTED}")
    return [str(name) for name in names], values


def _from_table(path: Path) -> tuple[list[str], Floats]:
    table = read_table(path)
    key, *columns = table.columns
    if not columns:
        raise DataError(f"{path}: one column; accepted: {ACCEPTED}")
    values = np.empty((len(table.rows), len(columns)))
    for number, (line, row) in enumerate(zip(table.lines, table.rows, strict=True)):
        for position, column in enumerate(columns):
            try:
                values[number, position] = float(row[column])
            except ValueError:
                raise DataError(f"{path}, line {line}: {column} = {row[column]!r} is no number") from None
    return table.column(key), values
