"""Tables that only people read: text that a spreadsheet would take for a formula begins with an apostrophe.

Tables that a job reads back (index, assignment, samples, predictions) are written by `artefact.encode_csv`, exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from neurograde.storage.artefact import encode_csv

FORMULA = re.compile(r"\s*[=+\-@]|\t")
"""The beginning of a text that spreadsheets compute."""
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def encode_for_people(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a CSV table as `encode_csv` does, in which no text is a formula."""
    return encode_csv([str(defused(column)) for column in columns], ([defused(cell) for cell in row] for row in rows))


def defused(cell: object) -> object:
    """Return the cell, behind an apostrophe if it is a text that a spreadsheet would compute; numbers stay.

    >>> defused("=1+1"), defused("-0.5"), defused(-0.5), defused("a=b")
    ("'=1+1", '-0.5', -0.5, 'a=b')
    """
    if isinstance(cell, str) and FORMULA.match(cell) and not NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
