"""The claims of the study, tested in this store: evaluations compared in pairs, and each claim with its evidence.

No claim is left out: one whose evaluations are not on the page is marked as not examined. A difference is a finding.
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
from neurograde.reports.leaks import is_leaking, mode
from neurograde.reports.metrics import DECIDING, title
from neurograde.reports.numbers import NARROW, count, plural
from neurograde.reports.published import CLAIMS, Claim, Promise, Side
from neurograde.reports.tables import Column, Text, gained, table
from neurograde.specs.records import Session
from neurograde.specs.strategies import Unfreezing

SAME, DIFFERENT, UNDECIDED, ABSENT = "same", "different", "not decidable here", "not examined here"


class Evidence(NamedTuple):
    """A claim, and the differences of one pair that bear on it."""

    claim: Claim | Promise
    first: str = ""
    second: str = ""
    differences: Mapping[str, Interval] = {}
    words: str = ""
    """The comparison in words; empty where there was none."""
    chosen_from: tuple[tuple[int, int], ...] = ()
    """Settings and sessions that the second was chosen from, and the first; of valid and test, those of one grid."""

    @property
    def verdicts(self) -> dict[str, str]:
        """Return the verdict of each deciding metric."""
        better = self.claim.better
        differences = self.differences
        return {name: verdict(name, differences[name], better=better) for name in DECIDING if name in differences}

    @property
    def verdict(self) -> str:
        """Return one verdict where both metrics agree, else both."""
        verdicts = self.verdicts
        if not verdicts:
            return ABSENT
        one, *others = set(verdicts.values())
        return "; ".join(f"{name}: {word}" for name, word in verdicts.items()) if others else one


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
    evidence = [piece for claim in CLAIMS for piece in _evidence(compared, claim)]
    blocks += [_table(evidence), Notes(tuple(_notes(groups, evidence)))]
    lead = (
        "What the study concluded, and what these evaluations say to it: differences per original test patch, paired "
        "where two were tested on the same patches. Same or different where the 95 % interval leaves 0 out; not "
        "decidable where it covers it."
    )
    return Section("claims", "The study's claims", lead, tuple(blocks))


def verdict(name: str, interval: Interval, *, better: bool | None) -> str:
    """Return the verdict on a claim from a difference: `better` if the second was claimed to be, None if both agree.

    >>> verdict("loss", Interval(-0.2, -0.3, -0.1, 6, 1000, 0), better=True)
    'same'
    >>> verdict("accuracy", Interval(-0.2, -0.3, 0.1, 6, 1000, 0), better=True)
    'not decidable here'
    """
    if interval.low is None or interval.high is None or interval.low <= 0 <= interval.high:
        return UNDECIDED
    gained = interval.high < 0 if name == "loss" else interval.low > 0
    return SAME if gained == better else DIFFERENT


def chosen(chain: Chain) -> Session:
    """Return the session that opened the test set."""
    return next(session for session in chain.run.sessions if session.id == chain.metrics.chosen.session)


def searched(chain: Chain) -> tuple[int, int]:
    """Return the settings and sessions of the grid that it was chosen from, counted."""
    return len({session.cell for session in chain.run.sessions}), len(chain.run.sessions)


def _evidence(compared: Comparison, claim: Claim | Promise) -> Iterator[Evidence]:
    """Yield the evidence for and against the claim; one without differences where no evaluations give any."""
    pieces = list(_promised(compared, claim) if isinstance(claim, Promise) else _paired(compared, claim))
    yield from pieces or [Evidence(claim)]


def _promised(compared: Comparison, claim: Promise) -> Iterator[Evidence]:
    for chain in compared.chains:
        if mode(chain) == claim.leak:
            words = f"{chain.name}, valid less test"
            yield Evidence(claim, "test", "valid", compared.promised(chain), words, (searched(chain),))


def _paired(compared: Comparison, claim: Claim) -> Iterator[Evidence]:
    for group in compared.test_sets():
        honest = [chain for chain in group if not is_leaking(chain)]
        firsts, seconds = ([chain for chain in honest if _is(chain, side)] for side in (claim.first, claim.second))
        if claim.backbone == "best":
            firsts, seconds = (sorted(candidates, key=_valid_loss)[:1] for candidates in (firsts, seconds))
        for first in firsts:
            for second in seconds:
                same = chosen(first).backbone == chosen(second).backbone
                if claim.backbone == "best" or same == (claim.backbone == "same"):
                    words = f"{second.name} less {first.name}"
                    sides, differences = (searched(second), searched(first)), compared.paired(first, second)
                    yield Evidence(claim, first.name, second.name, differences, words, sides)


def _is(chain: Chain, side: Side) -> bool:
    session = chosen(chain)
    adaptation = session.adaptation
    layers = adaptation.layers if isinstance(adaptation, Unfreezing) else 0
    return (
        adaptation.kind == side.kind
        and (not side.backbones or session.backbone in side.backbones)
        and session.backbone not in side.but
        and side.least_layers <= layers
        and (side.most_layers is None or layers <= side.most_layers)
    )


def _valid_loss(chain: Chain) -> float:
    """Return the mean over the repeats of the chosen setting, by which table 4.1 is ranked."""
    mean = chain.metrics.chosen_cell.loss.mean
    return float("inf") if mean is None else mean


class Pair(NamedTuple):
    """Two evaluations of one test set: the second less the first."""

    first: Chain
    second: Chain
    differences: Mapping[str, Interval]

    @property
    def searched(self) -> tuple[int, ...]:
        """Return the settings and sessions that the second was chosen from, then those of the first."""
        return *searched(self.second), *searched(self.first)


def _pairs(compared: Comparison, group: Sequence[Chain], slug: str) -> Table:
    """Return the table of every two evaluations of one test set."""
    names, (n, families) = names_of(group[0]), compared.size(group[0], "test")
    pairs = [Pair(first, second, compared.paired(first, second)) for first, second in combinations(group, 2)]
    runs = {chain.run.grid.name: searched(chain) for chain in group}
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
    settings, sessions = zip(searched(pair.second), searched(pair.first), strict=True)
    return _plus(settings, "setting"), _plus(sessions, "session")


def _table(evidence: Sequence[Evidence]) -> Table:
    columns = (
        Column(
            None,
            "the study found",
            kind="text",
            show=lambda piece: (piece.claim.found.replace(" %", f"{NARROW}%"), piece.claim.where),
        ),
        Column(
            None,
            "this store shows",
            kind="text",
            show=lambda piece: (piece.words or "no such evaluations on this page", _shown(piece)),
        ),
        Column(None, "verdict", kind="text", show=lambda piece: piece.verdict),
    )
    heads = ("where", "found", "second", "first", "metric", "difference", "low", "high", "verdict", "cells",
             "sessions")  # fmt: skip
    lines = [
        (piece.claim.where, piece.claim.found, piece.second, piece.first, name, *bounds, outcome,
         *(sum(of_side[part] for of_side in piece.chosen_from) for part in (0, 1)))
        for piece in evidence
        for name, bounds, outcome in _bounds(piece)
    ]  # fmt: skip
    return table("claims", "Does this store bear out what the study found?", columns, evidence, csv=(heads, lines))


def _bounds(evidence: Evidence) -> list[tuple[str, tuple[float | None, ...], str]]:
    if not evidence.differences:
        return [("", (None, None, None), ABSENT)]
    decided = {name: evidence.differences[name] for name in DECIDING}
    return [
        (name, (interval.value, interval.low, interval.high), evidence.verdicts[name])
        for name, interval in decided.items()
    ]


def _shown(evidence: Evidence) -> str:
    lines = []
    for name, interval in evidence.differences.items():
        if name in DECIDING:
            text, bounds = gained(name, interval)
            unit = " points" if name == "accuracy" else ""
            lines.append(f"{name} {text}{unit} ({bounds or 'no interval'})")
    if evidence.chosen_from:
        cells, sessions = zip(*evidence.chosen_from, strict=True)
        lines.append(f"searched: {_plus(cells, 'setting')}, {_plus(sessions, 'session')}")
    return "\n".join(lines)


def _adapted(chain: Chain) -> str:
    session = chosen(chain)
    leaks = ", leaking" if is_leaking(chain) else ""
    return f"{session.backbone}, {session.adaptation.label}{leaks}"


def _plus(numbers: Sequence[int], noun: str) -> str:
    return f"{' + '.join(map(count, numbers))} {noun}s" if len(numbers) > 1 else plural(numbers[0], noun)


def _notes(groups: Sequence[Sequence[Chain]], evidence: Sequence[Evidence]) -> Iterator[str]:
    yield "the study compared the best repeats on valid, without intervals; here it is the chosen sessions on test"
    if any(isinstance(piece.claim, Promise) and piece.differences for piece in evidence):
        yield "valid less test is not paired: their patches are not the same, and families of both are drawn together"
    if any(
        isinstance(piece.claim, Claim) and piece.claim.backbone == "best" and piece.differences for piece in evidence
    ):
        yield (
            "the best evaluation of a strategy is that whose chosen setting has the least mean loss on train and valid"
        )
    pairs = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    if pairs > 1:
        yield f"{pairs} pairs of each metric: about one interval in 20 leaves 0 out by luck alone"
