"""The figures that a partition keeps beside its assignment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neurograde.maths.partition import Families, Targets, heatmap
from neurograde.maths.partition import Partition as Solved
from neurograde.maths.partition.comparison import Contender, leaders
from neurograde.reports.blocks import Figure
from neurograde.reports.chain import file_name
from neurograde.reports.figures.families import families as families_figure
from neurograde.reports.figures.heatmap import heatmap as heatmap_figure
from neurograde.reports.figures.partition import partition as targets_figure
from neurograde.reports.figures.strategies import strategies as strategies_figure
from neurograde.specs.results.partition import PartitionSummary


def partition_figures(
    families: Families, targets: Targets, solved: Solved, summary: PartitionSummary
) -> Iterator[Figure]:
    """Yield shares against targets, families (figure 2.3), and, where ε and μ were searched, D over them (2.5).

    A class is named by its number and, as far as a file name can, by its name.

    Args:
        families: All families.
        targets: The targets.
        solved: The partition, before a leak.
        summary: The content of its summary.json.
    """
    yield targets_figure("targets", summary)
    crossing = {name: solved.assignment[name] for name in families.crossing}
    for number, name in enumerate(families.classes, start=1):
        yield families_figure(file_name("families", str(number), name), families, solved, targets, name)
        best = solved.parameters.get(name)
        if best is not None and not solved.coarse:  # a map has every piece, which a coarse search could not try
            pieces = heatmap(families, targets, name, best.reading, crossing)
            yield heatmap_figure(file_name("heatmap", str(number), name), name, pieces, best)


def comparison_figures(families: Families, targets: Targets, contenders: Sequence[Contender]) -> Iterator[Figure]:
    """Yield figure 2.3 of each class for every strategy, `ifpo` under its best reading."""
    for number, name in enumerate(families.classes, start=1):
        slug = file_name("strategies", str(number), name)
        yield strategies_figure(slug, families, leaders(contenders), targets, name)
