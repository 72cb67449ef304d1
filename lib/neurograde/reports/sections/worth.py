"""The worth of a leak, beside each leaking split of a page: points of accuracy, paired, as one figure."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.reports.blocks import Block, Figures, Paragraph, Section
from neurograde.reports.chain import Chain, file_name
from neurograde.reports.figures.worth import worth as figure
from neurograde.reports.numbers import percent, plural
from neurograde.reports.worth import Worth, counterpart, leaks_of, worth


def leak_worth(chains: Sequence[Chain]) -> Section:
    """Return a figure per leaking evaluation with an honest counterpart; empty without a leaking evaluation."""
    blocks: list[Block] = []
    leads = []
    for leaking in leaks_of(chains):
        honest = counterpart(leaking, chains)
        if honest is None:
            blocks.append(Paragraph(
                f"{leaking.name}: the page has no evaluation of the same patches and grid with whole families. "
                "Partition them with strategy ifpo, train the same grid, and name both evaluations in the report."
            ))  # fmt: skip
            continue
        measured = worth(leaking, honest)
        leads.append(_points(measured))
        slug = file_name("leak-worth", leaking.name)
        drawn = figure(slug, measured.subset, measured.kept, measured.promised, measured.sessions)
        blocks.append(Figures((drawn,), _caption(measured)))
    return Section("leak-worth", "What the leak was worth", " ".join(leads), tuple(blocks))


def _points(measured: Worth) -> str:
    """Return the difference in a sentence."""
    difference = measured.difference
    if difference.value is None:
        return f"{measured.leaking.name}: accuracy is undefined on one of the splits."
    bounds = (
        "" if difference.low is None or difference.high is None
        else f" (95 % interval {100 * difference.low:+.1f} to {100 * difference.high:+.1f})"
    )  # fmt: skip
    return (
        f"{measured.leaking.name} promises {percent(measured.promised.value)} on {measured.subset}; with whole "
        f"families the same grid reaches {percent(measured.kept.value)}: the leak was worth "
        f"{100 * difference.value:+.1f} points{bounds}."
    )


def _caption(measured: Worth) -> str:
    sessions = measured.sessions
    lifted = sum(leaking > honest for honest, leaking in sessions)
    families, lines = plural(measured.difference.families, "family"), plural(len(sessions), "session")
    return (
        f"How much accuracy was the leak worth? {measured.leaking.name} beside {measured.honest.name}, on the same "
        f"patches and grid. Large marks: accuracy of the chosen session on {measured.subset}, patches as they were "
        f"cut, with 95 % intervals over {families}, drawn for both at once. Thin lines: {lines}, "
        "each on both splits, by the worse of train and valid accuracy at its best epoch; the leak lifts "
        f"{lifted} of them."
    )
