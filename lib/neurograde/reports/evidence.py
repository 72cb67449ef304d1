"""The evidence of a page for and against each claim of the study, read in up to four ways.

- `best sessions`: the best session of each side on train and valid, as the study compared them; no interval.
- `repeats`: the repeats of each side's chosen setting on train and valid, the mean difference with Welch's interval.
- `test`: evaluations of one test set, paired on their patches; and valid less test of one evaluation.
- `all sessions`: the shape of all sessions together.

Leaking evaluations speak in the claims about leaks alone.

Longer than other files: every way of reading ends in the same verdict, and they are read beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from neurograde.maths.bootstrap import Interval
from neurograde.maths.shapes import explained, gaussian_gap, peaks
from neurograde.maths.welch import difference
from neurograde.reports.chain import Chain
from neurograde.reports.comparison import Comparison
from neurograde.reports.conclusions import CLAIMS, Claim, Promise, Shape, Side
from neurograde.reports.leaks import is_leaking, members, mode, searches
from neurograde.reports.metrics import DECIDING
from neurograde.reports.numbers import count, decimal, percent
from neurograde.reports.searched import Search, at_start, best_mean, best_session, epochs, searched
from neurograde.reports.tables import Measured, gained
from neurograde.specs.records import Session

SAME, DIFFERENT, UNDECIDED, ABSENT = "same", "different", "not decidable here", "not examined here"
BEST, REPEATS, TEST, ALL = "best sessions", "repeats", "test", "all sessions"
GAUSSIAN = 0.05  # largest gap of a distribution that counts as Gaussian
NO_LINK, LINK = (
    0.5,
    0.9,
)  # shares of the variance that a line explains, up to which and from which it is no link, and one
LEAST_VALUES = 100  # for a shape


class Counted(NamedTuple):
    """The settings and sessions that a side was chosen from."""

    settings: int
    sessions: int


class Reading(NamedTuple):
    """One comparison that bears on a claim: the second less the first."""

    basis: str
    first: str
    second: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    verdict: str
    words: str
    """The numbers in words."""
    chosen_from: tuple[Counted, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """A claim, and everything on the page that bears on it."""

    claim: Claim | Promise | Shape
    readings: tuple[Reading, ...] = field(default=())

    @property
    def verdicts(self) -> dict[str, str]:
        """Return the verdict of each basis; where its comparisons differ, how many have which."""
        of_basis: dict[str, list[str]] = {}
        for reading in self.readings:
            basis = f"{TEST}, {reading.metric}" if reading.basis == TEST else reading.basis
            of_basis.setdefault(basis, []).append(reading.verdict)
        return {basis: _together(verdicts) for basis, verdicts in of_basis.items()}


def examine(compared: Comparison) -> list[Evidence]:
    """Return every claim with the evidence of the evaluations for and against it."""
    everything = searched(compared.chains)
    examined = []
    for claim in CLAIMS:
        if isinstance(claim, Promise):
            readings = [*_leaked(compared.chains, claim), *_promised(compared, claim)]
        elif isinstance(claim, Shape):
            readings = list(_shape(compared.chains, claim))
        else:
            readings = [*_on_valid(everything, claim), *_paired(compared, claim)]
        examined.append(Evidence(claim, tuple(readings)))
    return examined


def verdict(name: str, interval: Measured, *, better: bool | None) -> str:
    """Return the verdict on a claim from a difference: `better` if the second was claimed to be, None if both agree.

    >>> verdict("loss", Interval(-0.2, -0.3, -0.1, 6, 1000, 0), better=True)
    'same'
    >>> verdict("accuracy", Interval(-0.2, -0.3, 0.1, 6, 1000, 0), better=True)
    'not decidable here'
    """
    if interval.low is None or interval.high is None or interval.low <= 0 <= interval.high:
        return UNDECIDED
    is_better = interval.high < 0 if name == "loss" else interval.low > 0
    return SAME if is_better == better else DIFFERENT


def chosen(chain: Chain) -> Session:
    """Return the session that opened the test set."""
    return next(session for session in chain.run.sessions if session.id == chain.metrics.chosen.session)


def counted(chain: Chain) -> Counted:
    """Return the settings and sessions of the grid that it was chosen from, counted."""
    return Counted(len({session.cell for session in chain.run.sessions}), len(chain.run.sessions))


# On train and valid


def _on_valid(searches: Sequence[Search], claim: Claim) -> Iterator[Reading]:
    """Yield both readings on train and valid of each pair; only searches of one data set are compared."""
    for data in dict.fromkeys(search.data for search in searches):
        of_data = [search for search in searches if search.data == data]
        first, second = (
            [search for search in of_data if side.holds(search.backbone, search.adaptation)]
            for side in (claim.first, claim.second)
        )
        for basis, pick, compare in ((BEST, best_session, _by_session), (REPEATS, best_mean, _by_repeats)):
            for before, after in _pairs(claim, first, second, pick):
                yield compare(claim, before, after)._replace(basis=basis, chosen_from=_both(first, second))


Pick = Callable[[Sequence[Search]], Search]


def _pairs(
    claim: Claim, first: Sequence[Search], second: Sequence[Search], pick: Pick
) -> Iterator[tuple[Search, Search]]:
    firsts, seconds = _by_backbone(first, claim.first), _by_backbone(second, claim.second)
    if claim.pairs == "same":
        yield from ((pick(firsts[name]), pick(seconds[name])) for name in firsts if name in seconds)
    elif claim.pairs == "steps":
        in_order = [pick(some) for some in seconds.values()]
        yield from pairwise(in_order)
    elif first and second:
        sides = [second] if claim.pairs == "best" else list(seconds.values())
        yield from ((pick(first), pick(side)) for side in sides)


def _by_backbone(searches: Sequence[Search], side: Side) -> dict[str, list[Search]]:
    """Return the searches of each network, in the order of the side."""
    names = side.backbones or dict.fromkeys(search.backbone for search in searches)
    networks = {name: [search for search in searches if search.backbone == name] for name in names}
    return {name: some for name, some in networks.items() if some}


def _both(first: Sequence[Search], second: Sequence[Search]) -> tuple[Counted, ...]:
    """Return the counts of both sides; a search that is in both counts once."""
    everything = {search.name: search for search in (*second, *first)}.values()
    return (Counted(sum(len(search.cells) for search in everything), sum(search.tried for search in everything)),)


def _by_session(claim: Claim, first: Search, second: Search) -> Reading:
    value = second.best_loss - first.best_loss
    is_better = value <= 0 if claim.or_equal else value < 0
    of, after, before = _named(first, second)
    words = f"{of}{after} {decimal(second.best_loss)}, {before} {decimal(first.best_loss)}"
    verdict = SAME if is_better == claim.better else DIFFERENT
    return Reading(BEST, first.name, second.name, "loss", value, None, None, verdict, words)


def _by_repeats(claim: Claim, first: Search, second: Search) -> Reading:
    change = _welch(first.losses, second.losses)
    of, after, before = _named(first, second)
    words = f"{of}{after} less {before}, loss {_with_bounds('loss', change)}"
    outcome = verdict("loss", change, better=claim.better)
    return Reading(REPEATS, first.name, second.name, "loss", *_bounds(change), outcome, words)


def _leaked(chains: Sequence[Chain], claim: Promise) -> Iterator[Reading]:
    """Yield an experiment's valid loss at its best epochs less that of experiment 0: a leak makes it smaller."""
    experiments = list(members(chains).values())
    control = next((chain for chain in experiments if not is_leaking(chain)), None)
    for chain in experiments:
        if control is not None and claim.leak and mode(chain) == claim.leak:
            before, after = (_valid_losses(chain, control) for chain in (control, chain))
            if before and after:
                change = _welch(before, after)
                words = f"{chain.name} less {control.name}, valid loss {_with_bounds('loss', change)}"
                outcome = verdict("loss", change, better=True)
                yield Reading(
                    REPEATS, control.name, chain.name, "loss", *_bounds(change), outcome, words, (counted(chain),)
                )


def _valid_losses(chain: Chain, control: Chain) -> list[float]:
    cells = {cell.cell for cell in control.metrics.cells}
    losses = [
        chain.histories[session.id][session.best_loss.epoch].valid_loss
        for session in chain.metrics.sessions
        if session.cell in cells and session.best_loss is not None
    ]
    return [loss for loss in losses if loss is not None]


# On the test set


def _promised(compared: Comparison, claim: Promise) -> Iterator[Reading]:
    for chain in compared.chains if claim.leak else searches(compared.chains):
        if mode(chain) == claim.leak:
            words = f"{chain.name}, valid less test"
            differences = compared.promised(chain)
            yield from _of_test(differences, "test", "valid", words, better=claim.better, sides=(counted(chain),))


def _paired(compared: Comparison, claim: Claim) -> Iterator[Reading]:
    for group in compared.test_sets():
        honest = [chain for chain in group if not is_leaking(chain)]
        firsts, seconds = ([chain for chain in honest if _is(chain, side)] for side in (claim.first, claim.second))
        if claim.pairs == "best":
            firsts, seconds = (sorted(candidates, key=_valid_loss)[:1] for candidates in (firsts, seconds))
        for first in firsts:
            for second in seconds:
                same = chosen(first).backbone == chosen(second).backbone
                if first is not second and (claim.pairs == "best" or same == (claim.pairs == "same")):
                    words = f"{second.name} less {first.name}"
                    sides = (counted(second), counted(first))
                    differences = compared.paired(first, second)
                    yield from _of_test(differences, first.name, second.name, words, better=claim.better, sides=sides)


def _of_test(
    differences: Mapping[str, Interval], first: str, second: str, words: str, *, better: bool | None,
    sides: tuple[Counted, ...],
) -> Iterator[Reading]:  # fmt: skip
    for name in DECIDING:
        if name in differences:
            change = differences[name]
            text = f"{words}, {name} {_with_bounds(name, change)}"
            yield Reading(
                TEST, first, second, name, *_bounds(change), verdict(name, change, better=better), text, sides
            )


def _is(chain: Chain, side: Side) -> bool:
    session = chosen(chain)
    return side.holds(session.backbone, session.adaptation)


def _valid_loss(chain: Chain) -> float:
    """Return the mean over the repeats of the chosen setting."""
    mean = chain.metrics.chosen_cell.loss.mean
    return float("inf") if mean is None else mean


# Of all sessions


def _shape(chains: Sequence[Chain], claim: Shape) -> Iterator[Reading]:
    if claim.of == "no link":
        pairs = epochs(chains)
        if len(pairs) > 1 and all(len(set(column)) > 1 for column in zip(*pairs, strict=True)):
            share = explained(pairs)
            outcome = SAME if share < NO_LINK else DIFFERENT if share > LINK else UNDECIDED
            words = f"a straight line explains {percent(share)} of the variance of {count(len(pairs))} epochs"
            yield _of_all(
                claim, "variance explained", share, outcome if len(pairs) >= LEAST_VALUES else UNDECIDED, words
            )
        return
    values = at_start(chains, "loss" if claim.of == "gaussian" else "accuracy")
    if len(set(values)) < 2:
        return
    if claim.of == "gaussian":
        gap, outliers = gaussian_gap(values)
        outcome = SAME if gap <= GAUSSIAN else DIFFERENT if gap > GAUSSIAN + 0.9 / len(values) ** 0.5 else UNDECIDED
        words = f"largest gap to a Gaussian {gap:.2f}, {outliers} outliers of {count(len(values))} values"
        yield _of_all(claim, "gap", gap, outcome if len(values) >= LEAST_VALUES else UNDECIDED, words)
    else:
        tops, mean = peaks(values), sum(values) / len(values)
        around = any(top < mean for top in tops) and any(top > mean for top in tops) and len(tops) == 2
        words = f"peaks at {', '.join(percent(top) for top in tops)}, mean {percent(mean)}"
        outcome = SAME if around else DIFFERENT
        yield _of_all(claim, "peaks", len(tops), outcome if len(values) >= LEAST_VALUES else UNDECIDED, words)


def _of_all(claim: Shape, metric: str, value: float, outcome: str, words: str) -> Reading:
    return Reading(ALL, "", claim.of, metric, value, None, None, outcome, words)


# Words


def _named(first: Search, second: Search) -> tuple[str, str, str]:
    """Return the network that both share with a colon, or nothing, and the names of the second and the first."""
    if first.backbone == second.backbone:
        return f"{first.backbone}: ", second.adaptation.label, first.adaptation.label
    if first.adaptation == second.adaptation:
        return "", second.backbone, first.backbone
    return "", second.name, first.name


def _welch(first: Sequence[float], second: Sequence[float]) -> Interval:
    """Return Welch's interval of the second's mean less the first's; nothing was resampled."""
    return Interval(*difference(first, second), families=0, resamples=0, undefined=0)


def _bounds(change: Measured) -> tuple[float | None, float | None, float | None]:
    return change.value, change.low, change.high


def _with_bounds(name: str, change: Measured) -> str:
    text, bounds = gained(name, change)
    return f"{text}{' points' if name == 'accuracy' else ''} ({bounds or 'no interval'})"


def _together(verdicts: Sequence[str]) -> str:
    """Return the verdict that all share, else how many have which.

    >>> _together(["same", "same"]), _together(["same", "different", "same"])
    ('same', '2 same, 1 different')
    """
    names = list(dict.fromkeys(verdicts))
    return names[0] if len(names) == 1 else ", ".join(f"{verdicts.count(name)} {name}" for name in names)
