"""The leak experiments of §2.6: the exchange of patches (figure 2.8) and its effect on the curves (figure 2.9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from neurograde.reports.blocks import Block, Figures, Section
from neurograde.reports.chain import Chain
from neurograde.reports.figures.experiments import Experiment
from neurograde.reports.figures.experiments import experiments as figure
from neurograde.reports.figures.shuffles import Families, shuffles
from neurograde.reports.leaks import cell_of, members, number
from neurograde.reports.numbers import decimal
from neurograde.reports.sections.training import curves_of


def experiments(chains: Sequence[Chain]) -> Section:
    """Return both figures of the evaluations that trained one setting on several partitions; empty where none leaks."""
    compared = members(chains)
    blocks: list[Block] = []
    if compared:
        names = {name: chain for name, chain in compared.items() if "assignment.csv" in chain.partition.manifest.files}
        if names:
            caption = (
                "Which patches changed places (figure 2.8)? Experiment 0 keeps families whole; test is the same and "
                "independent in all."
            )
            blocks.append(
                Figures((shuffles("shuffles", {name: _families(chain) for name, chain in names.items()}),), caption)
            )
        drawn = {name: _experiment(chain, cell_of(chains)) for name, chain in compared.items()}
        caption = (
            "What does a leak do to the curves (figure 2.9)? Mean loss over the repeats, of samples as the study "
            "counts them; squares are the loss of the chosen session on the independent test set."
        )
        blocks.append(Figures((figure("experiments", drawn),), caption))
    return Section("experiments", "Leak experiments", _lead(compared), tuple(blocks))


def _families(chain: Chain) -> Families:
    families: dict[str, Counter[str]] = {}
    for row in chain.partition.read_csv("assignment.csv"):
        families.setdefault(row["family"], Counter())[row["subset"]] += 1
    return families


def _experiment(chain: Chain, cell: str | None) -> Experiment:
    sessions = [session for session in chain.metrics.sessions if session.cell == cell and session.diverged is None]
    test = chain.metrics.subsets["test"].samples.metric("loss").value
    return Experiment(number(chain), curves_of("loss", sessions, chain.histories), test)


def _lead(compared: dict[str, Chain]) -> str:
    losses = []
    for name, chain in compared.items():
        valid, test = (chain.metrics.subsets[subset].samples.metric("loss").value for subset in ("valid", "test"))
        losses.append(f"{decimal(valid)} and {decimal(test)} with {name.partition(': ')[2]}")
    return f"Loss of the chosen session on valid and test: {'; '.join(losses)}."
