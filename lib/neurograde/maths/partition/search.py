"""The least D over the fillings that a strategy offers, class by class, families that cross classes first.

Classes that share no family are searched separately: D of the set is the mean over classes. Families with patches of
several classes form a separate pool, filled by their summed weight before the classes; each filling of it loads all
their classes and is followed through them, so that the least D is found over all classes together. Fillings that leave
train less than `min_train_share` lose against all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, Protocol

from neurograde.maths.partition.loss import scored
from neurograde.maths.partition.pool import Pool, Scorer, triple
from neurograde.maths.partition.problem import Families, Parameters, Partition, Targets

CROSSING = "(crossing)"
Order = tuple[int, ...]


class Candidate(NamedTuple):
    """One filling; equal D goes to the least `order`."""

    order: Order
    subsets: bytes


class Contest:
    """The best candidate so far of one class, which generators of candidates have to beat."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        self.best: tuple[tuple[bool, int], Candidate] | None = None
        self._score = lru_cache(maxsize=4096)(scorer)  # many candidates lead to the same filling

    def enter(self, candidate: Candidate) -> None:
        """Compare a candidate with the best."""
        entry = (self._score(candidate.subsets), candidate)
        if self.best is None or entry < self.best:
            self.best = entry

    def hopeless(self, loads: Sequence[int], counts: Sequence[int]) -> bool:
        """Return True if every filling that continues from these loads and counts is worse than the best so far."""
        if self.best is None or self.best[0][0]:
            return False
        return self.scorer.floor(loads, counts) > self.best[0][1]


class Offer(Protocol):
    """The fillings that a strategy offers for a pool."""

    def candidates(self, pool: Pool, contest: Contest | None = None) -> Iterator[Candidate]:
        """Yield the fillings to choose from, at least one; those that cannot win the `contest` may be left out."""

    def locate(self, pool: Pool, chosen: Candidate, alike: Callable[[bytes], bool]) -> Parameters | None:
        """Return the parameters that lead to fillings `alike` to the chosen one, or None without parameters."""


class _Best(NamedTuple):
    """The best filling of a pool: True if train holds too little, D, name, pool and candidate."""

    short: bool
    loss: Fraction
    name: str
    pool: Pool
    candidate: Candidate

    def alike(self, subsets: bytes) -> bool:
        """Return True if another filling is as good, or, for families that cross classes, the same."""
        if self.name == CROSSING:
            return subsets == self.candidate.subsets
        score = self.pool.scorer()
        return score(subsets) == score(self.candidate.subsets)


def search(strategy: str, families: Families, targets: Targets, offer: Offer) -> Partition:
    """Return the partition of least D among those of `offer`; ties by least order."""
    crossing = {name: weight for name, weight in families.summed.items() if name in families.crossing}
    pool = Pool.of(crossing, targets)
    ways: dict[bytes, Candidate] = {}
    for way in sorted(offer.candidates(pool)) if crossing else [Candidate((), b"")]:
        ways.setdefault(way.subsets, way)
    best: tuple[bool, Fraction, list[_Best]] | None = None
    for way in ways.values():
        classes = _classes(families, targets, offer, pool.assignment(way.subsets))
        short = any(chosen.short for chosen in classes)
        loss = sum((chosen.loss for chosen in classes), Fraction(0))
        if best is None or (short, loss) < best[:2]:
            best = (short, loss, [_Best(short, loss, CROSSING, pool, way), *classes])
    assert best is not None, "an offer has at least one candidate"
    assignment: dict[str, int] = {}
    parameters: dict[str, Parameters] = {}
    for chosen in best[2]:
        assignment |= chosen.pool.assignment(chosen.candidate.subsets)
        where = offer.locate(chosen.pool, chosen.candidate, chosen.alike) if chosen.pool.names else None
        if where:
            parameters[chosen.name] = where
    return scored(strategy, families, targets, assignment, parameters)


def class_pool(families: Families, targets: Targets, class_name: str, placed: Mapping[str, int]) -> Pool:
    """Return the pool of one class: the families that are not `placed` yet, and the loads of those that are."""
    members = families.members(class_name)
    start, counts = [0, 0, 0], [0, 0, 0]
    for name in members.keys() & placed.keys():
        start[placed[name]] += members[name]
        counts[placed[name]] += 1
    own = {name: weight for name, weight in members.items() if name not in placed}
    return Pool.of(own, targets, triple(start), triple(counts))


def _classes(families: Families, targets: Targets, offer: Offer, placed: Mapping[str, int]) -> list[_Best]:
    """Return the best filling of each class, the families that cross classes being `placed`."""
    choices = []
    for class_name in families.classes:
        pool = class_pool(families, targets, class_name, placed)
        contest = Contest(pool.scorer())
        for candidate in offer.candidates(pool, contest):
            contest.enter(candidate)
        assert contest.best is not None, "an offer has at least one candidate"
        (short, loss), candidate = contest.best
        choices.append(_Best(short, contest.scorer.exact(loss), class_name, pool, candidate))
    return choices
