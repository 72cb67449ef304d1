"""Patterns of public data sets: the patient and the slide in a file name.

TCGA         TCGA-A7-A6VV-01Z-00-DX1.<UUID>   patient: the first 12 characters, slide: the first 23
Camelyon17   patient_040_node_1               patient: patient_040, slide: the name
Camelyon16   tumor_010, normal_145, test_001  patient: not in the name, slide: the name
BreakHis     SOB_M_DC-14-14926-40-013.png     patient: type, year, number and letters, of which there are 82
BRACS        BRACS_264                        patient: not in the name, slide: the name
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Told(NamedTuple):
    """A name's patient and slide, None where the name has none, and the pattern that it follows."""

    patient: str | None
    slide: str | None
    pattern: str | None


_START = r"(?:^|(?<=[^A-Za-z0-9]))"  # never within a longer word
_END = r"(?![A-Za-z0-9])"
PATTERNS = {
    "TCGA": re.compile(
        _START
        + r"(?P<slide>(?P<patient>TCGA-[A-Z0-9]{2}-[A-Z0-9]{4})(?:-\d{2}[A-Z]-\d{2}-[A-Z]{2}[A-Z0-9]{1,2})?)"
        + _END,
        re.IGNORECASE,
    ),
    "Camelyon17": re.compile(_START + r"(?P<slide>(?P<patient>patient_\d{3})_node_\d)" + _END, re.IGNORECASE),
    "BreakHis": re.compile(
        _START + r"SOB_[BM]_(?P<patient>(?P<slide>[A-Z]+-\d{2}-\d+[A-Z]*))-(?:40|100|200|400)-\d+" + _END, re.IGNORECASE
    ),
    "Camelyon16": re.compile(r"^(?P<slide>(?:normal|tumor|test)_\d{3})" + _END, re.IGNORECASE),
    "BRACS": re.compile(r"^(?P<slide>BRACS_\d+)" + _END, re.IGNORECASE),
}
"""Regular expressions by data set, with groups `patient` and `slide`; the first that fits a name counts."""
_TCGA_SLIDE_LENGTH = 23


def told_by(name: str) -> Told:
    """Return the patient and the slide in `name`, by the pattern of a public data set.

    Folders before the last slash do not count.

    >>> told_by("lung/TCGA-22-4595-01Z-00-DX1.0A1B.svs")
    Told(patient='TCGA-22-4595', slide='TCGA-22-4595-01Z-00-DX1', pattern='TCGA')
    >>> told_by("TCGA-22-4595"), told_by("slide_12")
    (Told(patient='TCGA-22-4595', slide=None, pattern='TCGA'), Told(patient=None, slide=None, pattern=None))
    """
    last = name.rsplit("/", 1)[-1]
    for pattern, expression in PATTERNS.items():
        if match := expression.search(last):
            groups = match.groupdict()
            slide = groups["slide"]
            if pattern == "TCGA" and len(slide) < _TCGA_SLIDE_LENGTH:
                slide = None
            return Told(groups.get("patient"), slide, pattern)
    return Told(None, None, None)
