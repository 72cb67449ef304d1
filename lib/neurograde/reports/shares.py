"""The energy of the searches, shared out: to each session, setting, search and strategy, and to all of them.

A shard's record is of all its sessions together. It is shared among them by the epochs that each was trained, so that
the shares of a grid add up to its shards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from neurograde.reports.account import account
from neurograde.reports.chain import Chain, unique
from neurograde.reports.leaks import lead
from neurograde.reports.searched import grids
from neurograde.specs.records import Session


@dataclass(frozen=True)
class Share:
    """The energy of some sessions."""

    of: str
    """`session`, `setting`, `search`, `strategy`, or `features`, `searches`, `page`."""
    name: str
    sessions: int
    epochs: int
    """Epochs of all sessions together."""
    seconds: float
    kwh: float
    """The GPU at its thermal design power, processor and memory, before overhead."""
    co2e_kg: float


def shares(chains: Sequence[Chain]) -> list[Share]:
    """Return the share of the retained model, then of every setting, search and strategy of the page.

    The retained model is the session of the leading evaluation that opened the test set. What a model took is its
    search: the rows end with the features that shards found, all searches, and everything behind the page.
    """
    searches = grids(chains)
    if not searches:
        return []
    shared = [(session, share) for chain in searches for session, share in _sessions(chain)]
    retained = lead(chains).metrics.chosen.session
    rows = [share for session, share in shared if session.id == retained][:1]
    levels: tuple[tuple[str, Callable[[Session], str]], ...] = (
        ("setting", lambda session: session.cell),
        ("search", lambda session: f"{session.backbone}, {session.adaptation.label}"),
        ("strategy", lambda session: session.adaptation.kind),
    )
    for of, name in levels:
        members: dict[str, list[Share]] = {}
        for session, share in shared:
            members.setdefault(name(session), []).append(share)
        rows += [_sum(of, key, some) for key, some in members.items()]
    spent = [share for _, share in shared]
    features = unique(array for chain in searches for array in chain.features())
    if features:
        [entry] = account((), features).entries
        computed = Share(
            "features", entry.artefact, 0, 0, entry.record.wall_seconds, entry.kwh_tdp, entry.record.co2e_kg_tdp
        )
        rows.append(computed)
        spent.append(computed)
    rows.append(_sum("searches", "all searches", spent))
    everything = account(
        unique(artefact for chain in chains for artefact in chain.artefacts()),
        unique(array for chain in chains for array in chain.features()),
    ).sum
    record = everything.record
    total = _sum("page", "everything behind the page", spent)
    rows.append(Share("page", total.name, total.sessions, total.epochs, record.wall_seconds, everything.kwh_tdp,
                      record.co2e_kg_tdp))  # fmt: skip
    return rows


def _sessions(chain: Chain) -> list[tuple[Session, Share]]:
    shared = []
    for shard in chain.run.grid.shards:
        if shard.name not in chain.run.shards:
            continue
        entry = account([chain.run.shards[shard.name]]).sum
        epochs = {session.id: max(0, len(chain.histories[session.id]) - 1) for session in shard.sessions}
        whole = sum(epochs.values()) or len(epochs)
        for session in shard.sessions:
            part = (epochs[session.id] if sum(epochs.values()) else 1) / whole
            seconds, kwh, kg = (part * spent for spent in
                                (entry.record.wall_seconds, entry.kwh_tdp, entry.record.co2e_kg_tdp))  # fmt: skip
            shared.append((session, Share("session", session.id, 1, epochs[session.id], seconds, kwh, kg)))
    return shared


def _sum(of: str, name: str, some: Sequence[Share]) -> Share:
    return Share(
        of,
        name,
        sum(share.sessions for share in some),
        sum(share.epochs for share in some),
        math.fsum(share.seconds for share in some),
        math.fsum(share.kwh for share in some),
        math.fsum(share.co2e_kg for share in some),
    )
