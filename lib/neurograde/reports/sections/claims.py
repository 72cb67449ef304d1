"""The claims of the study, tested in this store: evaluations compared in pairs, and each claim with its evidence.

No claim is left out: those that nothing on the page bears on are named in one line. A difference is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

from neurograde.maths.bootstrap import Interval
from neurograde.reports.blocks import Block, Cell, Notes, Paragraph, Section, Table
from neurograde.reports.chain import Chain
from neurograde.reports.comparison import Comparison, names_of
from neurograde.reports.conclusions import Promise
from neurograde.reports.evidence import (
    ABSENT,
    ALL,
    BEST,
    GAUSSIAN,
    LINK,
    NO_LINK,
    REPEATS,
    TEST,
    Counted,
    Evidence,
    Reading,
    chosen,
    counted,
    examine,
)
from neurograde.reports.leaks import is_leaking
from neurograde.reports.metrics import title
from neurograde.reports.numbers import NARROW, count, percent, plural
from neurograde.reports.tables import Column, Text, gained, table


def claims(chains: Sequence[Chain]) -> Section:
    """Return the pairs of each test set, then the claims."""
    compared = Comparison(chains)
    groups = [group for group in compared.test_sets() if len(group) > 1]
    blocks: list[Block] = [
        _pairs(compared, group, f"differences-{number}" if number > 1 else "differences")
        for number, group in enumerate(groups, start=1)
    ]
    if not groups and len(chains) > 1:
        blocks.append(Paragraph("No two of the evaluations share a test set, so that none can be paired."))
    evidence = examine(compared)
    blocks.append(_table(evidence))
    absent = [_found(piece) for piece in evidence if not piece.readings]
    if absent:
        blocks.append(Paragraph(f"{ABSENT.capitalize()}, for want of sessions to compare: {' '.join(absent)}"))
    blocks.append(Notes(tuple(_notes(groups, evidence))))
    lead = (
        "What the study concluded, and what this page says to it: by the best sessions on train and valid, as the "
        "study compared them; by the repeats of the chosen settings; and on test, paired, where two evaluations share "
        "a test set. Same or different where the 95 % interval leaves 0 out; not decidable where it covers it."
    )
    return Section("claims", "The study's claims", lead, tuple(blocks))


class Pair(NamedTuple):
    """Two evaluations of one test set: the second less the first."""

    first: Chain
    second: Chain
    differences: Mapping[str, Interval]

    @property
    def searched(self) -> tuple[int, ...]:
        """Return the settings and sessions that the second was chosen from, then those of the first."""
        return *counted(self.second), *counted(self.first)


def _pairs(compared: Comparison, group: Sequence[Chain], slug: str) -> Table:
    """Return the table of every two evaluations of one test set."""
    names, (n, families) = names_of(group[0]), compared.size(group[0], "test")
    pairs = [Pair(first, second, compared.paired(first, second)) for first, second in combinations(group, 2)]
    runs = {chain.run.grid.name: counted(chain) for chain in group}
    settings, sessions = (sum(counts) for counts in zip(*runs.values(), strict=True))
    openings = max(chain.metrics.openings for chain in group)

    def change(name: str) -> Callable[[Pair], Text]:
        return lambda pair: gained(name, pair.differences[name])

    columns = (
        Column(None, "evaluation", kind="text", show=lambda pair: (pair.second.name, _adapted(pair.second))),
        Column(None, "less", kind="text", show=lambda pair: (pair.first.name, _adapted(pair.first))),
        *(Column(None, title(name), show=change(name)) for name in names),
        Column(None, "searched", show=_searched),
    )
    heads = ("evaluation", "less", "metric", "difference", "low", "high", "undefined_resamples", "n", "families",
             "cells", "sessions", "cells_of_less", "sessions_of_less")  # fmt: skip
    lines = [
        (pair.second.name, pair.first.name, name, interval.value, interval.low, interval.high, interval.undefined, n,
         families, *pair.searched)
        for pair in pairs
        for name in names
        for interval in (pair.differences[name],)
    ]  # fmt: skip
    caption = (
        f"Each two evaluations of one test set, the first less the second: n = {n} patches of "
        f"{plural(families, 'family')}, opened {plural(openings, 'time')} so far. Accuracy in percentage points"
    )
    in_all = (
        Cell("in all", kind="text"),
        *(Cell("") for _ in range(len(names) + 1)),
        Cell(plural(settings, "setting"), plural(sessions, "session")),
    )
    return replace(table(slug, caption, columns, pairs, csv=(heads, lines)), total=in_all)


def _searched(pair: Pair) -> Text:
    settings, sessions = zip(counted(pair.second), counted(pair.first), strict=True)
    return _plus(settings, "setting"), _plus(sessions, "session")


def _table(evidence: Sequence[Evidence]) -> Table:
    """Return a row of the page for each claim that was examined, and a row of the CSV file for each comparison."""
    columns = (
        Column(
            None, "the study found", kind="text",
            show=lambda piece: (piece.claim.finding.replace(" %", f"{NARROW}%"), piece.claim.where),
        ),
        Column(None, "verdict", kind="text", show=_verdicts),
        Column(None, "this page shows", kind="text", show=lambda piece: ("", "\n".join(_lines(piece)))),
    )  # fmt: skip
    heads = ("where", "found", "second", "first", "metric", "difference", "low", "high", "verdict", "cells",
             "sessions", "basis")  # fmt: skip
    lines = [
        (piece.claim.where, piece.claim.finding, reading.second, reading.first, reading.metric, reading.value,
         reading.low, reading.high, reading.verdict, *_sum(reading.chosen_from), reading.basis)
        for piece in evidence
        for reading in piece.readings or (_NOTHING,)
    ]  # fmt: skip
    examined = [piece for piece in evidence if piece.readings]
    caption = (
        f"Does this store bear out what the study found? {len(examined)} of {len(evidence)} claims are examined; "
        "in claims.csv every comparison"
    )
    return table("claims", caption, columns, examined, csv=(heads, lines))


_NOTHING = Reading("", "", "", "", None, None, None, ABSENT, "")


def _sum(sides: Sequence[Counted]) -> tuple[int, int]:
    return sum(side.settings for side in sides), sum(side.sessions for side in sides)


def _verdicts(evidence: Evidence) -> Text:
    """Return one verdict where all bases share it, and that of each basis."""
    verdicts = evidence.verdicts
    lines = "\n".join(f"{basis}: {word}" for basis, word in verdicts.items())
    return (next(iter(verdicts.values())) if len(set(verdicts.values())) == 1 else "mixed", lines)


def _lines(evidence: Evidence) -> Iterator[str]:
    basis = ""
    for reading in evidence.readings:
        if reading.basis != basis:
            basis = reading.basis
            cells, sessions = zip(*reading.chosen_from, strict=True) if reading.chosen_from else ((), ())
            of = f", of {_plus(cells, 'setting')}, {_plus(sessions, 'session')}" if cells else ""
            yield f"{basis}{of}:"
        yield f"  {reading.words}"


def _found(evidence: Evidence) -> str:
    return f"{evidence.claim.finding.replace(' %', f'{NARROW}%')} ({evidence.claim.where})"


def _adapted(chain: Chain) -> str:
    session = chosen(chain)
    leaks = ", leaking" if is_leaking(chain) else ""
    return f"{session.backbone}, {session.adaptation.label}{leaks}"


def _plus(numbers: Sequence[int], noun: str) -> str:
    return f"{' + '.join(map(count, numbers))} {noun}s" if len(numbers) > 1 else plural(numbers[0], noun)


def _notes(groups: Sequence[Sequence[Chain]], evidence: Sequence[Evidence]) -> Iterator[str]:
    bases = {reading.basis for piece in evidence for reading in piece.readings}
    if BEST in bases:
        yield "best sessions are compared without an interval: of many sessions the luckiest is the best"
    if REPEATS in bases:
        yield (
            "repeats: mean minimax loss of the setting of best mean on each side, Welch's 95 % interval; it covers the "
            "chance of training, not that of the families on valid"
        )
    if ALL in bases:
        yield (
            f"a gap of {GAUSSIAN} to a Gaussian at most counts as one; a line that explains less than "
            f"{percent(NO_LINK, 0)} of the variance counts as no simple link, from {percent(LINK, 0)} on as one"
        )
    if TEST in bases:
        yield "the study opened test with one session; here each evaluation's chosen session did"
    if any(isinstance(piece.claim, Promise) and piece.readings for piece in evidence):
        yield "valid less test is not paired: their patches are not the same, and families of both are drawn together"
    pairs = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    if pairs > 1:
        yield f"{pairs} pairs of each metric: about one interval in 20 leaves 0 out by luck alone"
