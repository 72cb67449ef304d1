"""The limits: what the figures of the page cannot show."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.reports.blocks import Notes, Section
from neurograde.reports.chain import Chain
from neurograde.reports.leaks import lead
from neurograde.reports.limits import limits


def limited(chains: Sequence[Chain]) -> Section:
    """Return the limits of the evaluation that leads the page, as the card of its model has them."""
    first = lead(chains)
    text = "What these figures cannot show" + (f", of {first.name} for example." if len(chains) > 1 else ".")
    return Section("limits", "Limits", text, (Notes(tuple(limits(first))),))
