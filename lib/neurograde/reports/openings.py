"""The openings of a test set as pages and cards state them: the number of this one, and their number by now."""

from __future__ import annotations

from dataclasses import dataclass

from neurograde.reports.chain import Chain
from neurograde.storage.ledger import read_ledger

FIRST = ("first", "second", "third")


@dataclass(frozen=True)
class Openings:
    """The openings of the test set of one evaluation."""

    number: int
    """Number of this opening, from 1."""
    in_store: int
    """Openings in the ledger of the store by now."""
    elsewhere: int | None
    """Openings in the other stores that the evaluation's spec names; None where it names none."""

    @property
    def words(self) -> str:
        """Return them in words, the store's own first.

        >>> Openings(1, 2, None).words, Openings(4, 4, 3).words
        ('2 in this store, this was the first', '4 in this store, this was number 4; 3 in the other stores named')
        """
        ordinal = f"the {FIRST[self.number - 1]}" if self.number <= len(FIRST) else f"number {self.number}"
        others = "" if self.elsewhere is None else f"; {self.elsewhere} in the other stores named"
        return f"{self.in_store:,} in this store, this was {ordinal}{others}"


def openings_of(chain: Chain) -> Openings:
    """Return the openings of the test set of an evaluation, with those that came after it.

    Raises:
        DataError: A record of the ledger is damaged or missing.
    """
    metrics = chain.metrics
    ledger = read_ledger(chain.evaluation.store, metrics.test_set)
    own = next((entry.number for entry in chain.evaluation.manifest.openings if entry.ledger == metrics.test_set), None)
    later = sum(record.looked_at is None for record in ledger[own:]) if own is not None else 0
    recorded = sum(record.looked_at is None for record in ledger)
    return Openings(metrics.openings, max(metrics.openings + later, recorded), metrics.elsewhere)
