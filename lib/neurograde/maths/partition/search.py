"""The least D over the fillings that a strategy offers, class by class, families that cross classes first.

Classes share no family as a rule, and then each is searched by itself: D of the set is the mean over
classes. Families with patches of several classes make a pool of their own, filled by their summed weight
before the classes, one decision that loads each of their classes; every filling of that pool is followed
through all classes, so that the least D is found over all of them together. Fillings that leave train less
than `min_train_share` lose against all that do not.
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
    """The best candidate so far of one class, for those who make candidates to aim at."""

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
    """What a strategy has to offer for a pool."""

    def candidates(self, pool: Pool, contest: Contest | None = None) -> Iterator[Candidate]:
        """The fillings to choose from, at least one; those that cannot win the `contest` may be left out."""

    def locate(self, pool: Pool, chosen: Candidate, alike: Callable[[bytes], bool]) -> Parameters | None:
        """Parameters that lead to fillings `alike` to the chosen one, if the strategy has any."""


class _Best(NamedTuple):
    """The best filling of a pool: whether train holds too little, D, and what it is made of."""

    short: bool
    loss: Fraction
    name: str
    pool: Pool
    candidate: Candidate

    def alike(self, subsets: bytes) -> bool:
        """Whether another filling of the pool is as good: for families that cross classes, whether it is the same."""
        if self.name == CROSSING:
            return subsets == self.candidate.subsets
        score = self.pool.scorer()
        return score(subsets) == score(self.candidate.subsets)


def search(strategy: str, families: Families, targets: Targets, offer: Offer) -> Partition:
    """The partition of least D among those that `offer` leads to; ties by least order."""
    crossing = {name: weight for name, weight in families.summed.items() if name in families.crossing}
    pool = Pool.of(crossing, targets)
    ways: dict[bytes, Candidate] = {}
    for way in sorted(offer.candidates(pool)) if crossing else [Candidate((), b"")]:
        ways.setdefault(way.subsets, way)
    best: tuple[bool, Fraction, list[_Best]] | None = None
    for way in ways.values():
        classes = _classes(families, targets, offer, pool.assignment(way.subsets))
        short = any(each.short for each in classes)
        loss = sum((each.loss for each in classes), Fraction(0))
        if best is None or (short, loss) < best[:2]:
            best = (short, loss, [_Best(short, loss, CROSSING, pool, way), *classes])
    assert best is not None, "an offer has at least one candidate"
    assignment: dict[str, int] = {}
    parameters: dict[str, Parameters] = {}
    for each in best[2]:
        assignment |= each.pool.assignment(each.candidate.subsets)
        where = offer.locate(each.pool, each.candidate, each.alike) if each.pool.names else None
        if where:
            parameters[each.name] = where
    return scored(strategy, families, targets, assignment, parameters)


def class_pool(families: Families, targets: Targets, class_name: str, placed: Mapping[str, int]) -> Pool:
    """The families of one class that are not `placed` yet, beside what those that are bring to each subset."""
    members = families.members(class_name)
    start, counts = [0, 0, 0], [0, 0, 0]
    for name in members.keys() & placed.keys():
        start[placed[name]] += members[name]
        counts[placed[name]] += 1
    own = {name: weight for name, weight in members.items() if name not in placed}
    return Pool.of(own, targets, triple(start), triple(counts))


def _classes(families: Families, targets: Targets, offer: Offer, placed: Mapping[str, int]) -> list[_Best]:
    """The best filling of each class, given where the families that cross classes went."""
    found = []
    for class_name in families.classes:
        pool = class_pool(families, targets, class_name, placed)
        contest = Contest(pool.scorer())
        for candidate in offer.candidates(pool, contest):
            contest.enter(candidate)
        assert contest.best is not None, "an offer has at least one candidate"
        (short, loss), candidate = contest.best
        found.append(_Best(short, contest.scorer.exact(loss), class_name, pool, candidate))
    return found
