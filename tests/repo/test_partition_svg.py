"""The figures that a partition writes are part of its digest: their text is frozen.

A digest here changes when any byte of a figure does: a colour, a font, a word, a decimal. Such a change gives every
partition made from now on another digest than the same partition of before, and with it all that is made from it, so
it is a new REVISION of the job `partition`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest

from neurograde.maths.partition import STRATEGIES, Families, SearchOptions, Targets, certified, kfold, leave_one_out
from neurograde.maths.partition.summary import summarise
from neurograde.reports.partition_figures import partition_figures
from neurograde.specs.results.partition import PartitionSummary

FAMILIES = Families.of(
    {
        '<i>"D" & $x^2$': {f"{n:02}": 1 + (37 * n * n) % 101 for n in range(9)},
        "分化": {f"{'' if n < 2 else 'u'}{n:02}": 5 + n for n in range(7)},
    }
)
FROZEN: dict[str, dict[str, str]] = {
    "psp": {"targets": "a4119d45b2454dc7", "families-1-i-d-x-2": "f1e602e98ac4f46b", "families-2": "6e58966f61cc3104"},
    "ifp": {
        "targets": "210cf5d465f06c31",
        "families-1-i-d-x-2": "0e12a38bcaf05758",
        "heatmap-1-i-d-x-2": "ee64b42160774a04",
        "families-2": "51a53ddc8d38e20d",
        "heatmap-2": "08297c4f06f41e24",
    },
    "ifpo": {
        "targets": "123d698105f01a1d",
        "families-1-i-d-x-2": "d6bc90af00d9793d",
        "heatmap-1-i-d-x-2": "ac9c8dc85b1ecd7c",
        "families-2": "47a79b316ddf1808",
        "heatmap-2": "ba91e05d9b6c51c8",
    },
    "exact": {
        "targets": "0d99ca8925593246",
        "families-1-i-d-x-2": "eede9fc5e00eed2e",
        "families-2": "37907a484e33a52a",
    },
    "kfold": {
        "targets": "2eca19a802244e3c",
        "families-1-i-d-x-2": "e56f585772eaf776",
        "families-2": "5aa0d99348c2f391",
    },
    "leave-one-out": {
        "targets": "f86830a58263b638",
        "families-1-i-d-x-2": "a0ec2d08286f5594",
        "families-2": "b36f90ac426cf85f",
    },
}


def figures(way: str) -> Mapping[str, str]:
    """Return the SVG text of each figure of one partition of families with awkward names."""
    targets = Targets()
    if way == "kfold":
        targets = kfold.targets_of(5)
        solved = kfold.solve(FAMILIES, 5)[2]
    elif way == "leave-one-out":
        solved = leave_one_out.solve(FAMILIES, "u05")
    else:
        solved = certified(STRATEGIES[way](FAMILIES, targets, SearchOptions()), FAMILIES, targets, SearchOptions())
    drawn = partition_figures(FAMILIES, targets, solved, PartitionSummary.of(summarise([], [], solved, targets)))
    return {figure.slug: figure.svg for figure in drawn}


def digests(way: str) -> dict[str, str]:
    return {slug: hashlib.sha256(svg.encode()).hexdigest()[:16] for slug, svg in figures(way).items()}


@pytest.mark.parametrize("way", FROZEN)
def test_the_svg_text_of_a_partition_s_figures_is_that_of_version_0_1(way: str):
    assert digests(way) == FROZEN[way]


def test_a_changed_decimal_changes_the_digest():
    (slug, svg), *_ = figures("psp").items()
    assert hashlib.sha256(svg.replace("0", "1", 1).encode()).hexdigest()[:16] != FROZEN["psp"][slug]
