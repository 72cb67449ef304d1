"""The leak experiments of §2.6 among the evaluations of a page, and the searches that stay when they are set aside.

A leaking evaluation is better than it should be, and experiment 0 is its control: neither is a result of the search.
"""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.reports.chain import Chain

LEAKING = "leaking"
"""The mark of an evaluation whose train and valid subsets share families."""
TITLES = {
    (None, "patch"): "0: families apart",
    ("exchange", "patch"): "1: one patch of each family exchanged",
    ("shuffle", "sample"): "2: samples of train and valid shuffled",
    ("shuffle", "patch"): "2, patch by patch: patches of train and valid shuffled",
}
"""Titles of the experiments by `correlate.mode` and `correlate.level` of their partition, in the order of the report.

The report shuffles samples, images of the ready-to-use data set; a shuffle of patches is ours, beside it.
"""


def is_leaking(chain: Chain) -> bool:
    """Return True if train and valid share families."""
    return LEAKING in chain.marks


def mode(chain: Chain) -> str | None:
    """Return how its partition leaks: `exchange`, `shuffle`, or None."""
    leak = chain.partition.manifest.spec.get("correlate")
    return leak["mode"] if leak else None


def level(chain: Chain) -> str:
    """Return what its leak deals: `patch` or `sample`."""
    leak = chain.partition.manifest.spec.get("correlate") or {}
    return str(leak.get("level", "patch"))


def rank(chain: Chain) -> int:
    """Return the rank of its experiment among the titles, from 0."""
    return list(TITLES).index((mode(chain), level(chain)))


def cell_of(chains: Sequence[Chain]) -> str | None:
    """Return the setting that the experiments share: the one that the first leaking evaluation chose."""
    return next((chain.metrics.chosen.cell for chain in chains if is_leaking(chain)), None)


def members(chains: Sequence[Chain]) -> dict[str, Chain]:
    """Return the evaluations that trained that setting, by experiment; none where there are not two to compare."""
    setting = cell_of(chains)
    experiments: dict[str, Chain] = {}
    for chain in sorted(chains, key=rank):
        if any(cell.cell == setting and cell.n for cell in chain.metrics.cells):
            title = list(TITLES.values())[rank(chain)]
            experiments[title if title not in experiments else f"{title} ({chain.name})"] = chain
    return experiments if len(experiments) > 1 else {}


def searches(chains: Sequence[Chain]) -> list[Chain]:
    """Return the evaluations whose results count for the search.

    Never one that leaks. An experiment 0 that trained nothing but the setting of the leaks counts only where no other
    evaluation does.
    """
    honest = [chain for chain in chains if not is_leaking(chain)]
    of_leaks = [{chain.metrics.chosen.cell} for chain in chains if is_leaking(chain)]
    others = [chain for chain in honest if {cell.cell for cell in chain.metrics.cells} not in of_leaks]
    return others or honest


def lead(chains: Sequence[Chain]) -> Chain:
    """Return the evaluation that the page begins with: the first that does not leak, or the first if all do."""
    return next((chain for chain in chains if not is_leaking(chain)), chains[0])
