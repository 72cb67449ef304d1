"""The conclusion of a page that is held against the study, for its first lines: its claims, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from neurograde.reports.blocks import Section, Table
from neurograde.reports.evidence import DIFFERENT, SAME
from neurograde.reports.numbers import plural, prose_list


def concluded(answer: Section, sections: Sequence[Section]) -> Section:
    """Return the answer with the number of claims that come out as in the study, where the page examines them."""
    verdicts = _verdicts(sections)
    if not verdicts:
        return answer
    same = sum(SAME in readings and DIFFERENT not in readings for readings in verdicts.values())
    different = sum(DIFFERENT in readings and SAME not in readings for readings in verdicts.values())
    both = sum({SAME, DIFFERENT} <= readings for readings in verdicts.values())
    counts = [(same, "come out the same"), (different, "otherwise"), (both, "both ways, by how it is compared")]
    counts.append((len(verdicts) - same - different - both, "undecided"))
    words = prose_list([f"{number} {outcome}" for number, outcome in counts if number])
    return replace(answer, lead=f"{answer.lead} {plural(len(verdicts), 'claim')} of the study: {words}.")


def _verdicts(sections: Sequence[Section]) -> dict[object, set[object]]:
    """Return the verdicts on each claim, from the table of them."""
    tables = (block for section in sections for block in section.blocks if isinstance(block, Table))
    table = next((table for table in tables if table.slug == "claims"), None)
    verdicts: dict[object, set[object]] = {}
    for row in table.values if table else ():
        values = dict(zip(table.columns if table else (), row, strict=True))
        verdicts.setdefault((values["where"], values["found"]), set()).add(values["verdict"])
    return verdicts
