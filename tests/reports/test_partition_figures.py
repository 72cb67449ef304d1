"""The figures of a partition: drawn from its own numbers, the same bytes every time, whatever a class is called."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from neurograde.maths.partition import STRATEGIES, Families, SearchOptions, Targets
from neurograde.maths.partition.comparison import side_by_side
from neurograde.maths.partition.summary import summarise
from neurograde.reports.blocks import Figure
from neurograde.reports.figures.six_families import SIX, six_families, six_heatmaps
from neurograde.reports.figures.style import read_back
from neurograde.reports.partition_figures import comparison_figures, partition_figures
from neurograde.specs.results.partition import PartitionSummary
from tests.maths.partition.drawn import SIXTEEN

HOSTILE = '<script>"D" & $x^2$ 分化'
FAMILIES = Families.of(
    {
        HOSTILE: {f"{n:02}": 1 + (37 * n * n) % 101 for n in range(14)},
        "分化": {f"{'' if n < 2 else 'u'}{n:02}": 5 + n for n in range(9)},
    }
)


def drawn(strategy: str = "ifpo", families: Families = FAMILIES) -> dict[str, Figure]:
    solved = STRATEGIES[strategy](families, Targets(), SearchOptions())
    figures = partition_figures(families, Targets(), solved, PartitionSummary.of(summarise([], [], solved, Targets())))
    return {each.slug: each for each in figures}


def test_there_is_one_of_the_targets_and_two_a_class_with_names_of_their_own():
    assert list(drawn()) == ["targets", "families-1-script-d-x-2", "heatmap-1-script-d-x-2", "families-2", "heatmap-2"]


@pytest.mark.parametrize("strategy", ["psp", "exact"])
def test_without_a_search_over_epsilon_and_mu_there_is_no_map_of_them(strategy: str):
    assert list(drawn(strategy)) == ["targets", "families-1-script-d-x-2", "families-2"]


def test_the_bytes_are_the_same_every_time():
    assert [each.svg for each in drawn().values()] == [each.svg for each in drawn().values()]


def test_every_file_is_an_image_that_says_what_it_shows():
    for each in drawn().values():
        assert ElementTree.fromstring(each.svg).attrib["aria-label"] == each.alt


def test_a_figure_read_back_is_the_same_with_ids_of_its_own():
    for each in drawn().values():
        again = read_back(each.svg, "other")
        assert again.alt == each.alt
        ids = set(re.findall(r'\bid="([^"]*)"', again.inline))
        assert ids
        assert all(name.startswith(f"other-{each.slug}-") for name in ids)
        assert set(re.findall(r'(?:url\(|href=")#([^")]*)', again.inline)) <= ids
        assert again.inline.replace("other-", "") == each.inline


def test_the_map_says_where_d_is_least():
    solved = STRATEGIES["ifpo"](FAMILIES, Targets(), SearchOptions())
    said = drawn()["heatmap-1-script-d-x-2"].alt
    assert f"least, {float(solved.scores[HOSTILE].loss):.4f}" in said
    assert str(solved.parameters[HOSTILE].epsilon) in said


def test_a_map_of_thousands_of_pieces_stays_small():
    many = Families.of({"D": {f"{n:02}": 1000 + (7919 * n * n) % 40_009 for n in range(40)}})
    assert len(drawn("ifpo", many)["heatmap-1-d"].svg) < 150_000


def test_the_six_equal_families_are_those_of_figure_2_4():
    figure = six_families("six")
    assert "IFP, D = 0.3222: train 100.0\u202f% in 6 families" in figure.alt
    assert "IFPO, D = 0.1222: train 66.7\u202f% in 4 families, valid 16.7\u202f% in 1 family" in figure.alt
    assert drawn("ifpo", SIX)["heatmap-1-six"].alt.endswith("for ε in [0.0166667, 0.183333) and μ in [0, 1].")


def test_figure_2_5_of_the_six_families_has_three_areas_of_blue_white_and_red():
    figure = six_heatmaps("six")
    maps = re.findall(r'style="fill: (#\w{6}); stroke: \1; stroke-width: 0.5', figure.svg)
    assert len(maps) == 6  # three areas in each map
    assert {"#0000ff", "#ff0000"} < set(maps)
    middle = set(maps) - {"#0000ff", "#ff0000"}
    assert all(min(int(colour[at : at + 2], 16) for at in (1, 3, 5)) > 190 for colour in middle)  # near white
    assert "below ε = 1/60; 5, 1, 0 from there up below μ = 2/9; 4, 1, 1 above" in figure.alt


def test_the_strategies_side_by_side_show_the_defect_of_psp():
    options = SearchOptions(readings=("each", "reserve"))
    contenders = side_by_side(SIXTEEN, Targets(), options)
    [figure] = comparison_figures(SIXTEEN, Targets(), contenders)
    assert figure.slug == "strategies-1-d"
    psp, *_, exact = contenders
    assert psp.partition.scores["D"].families == (
        3,
        2,
        11,
    )  # in the report 5 and 11
    assert "valid 22.7\u202f% in 2 families and test 7.0\u202f% in 11 families" in figure.alt
    assert all(exact.partition.loss <= contender.partition.loss for contender in contenders)
    for strategy in ("PSP", "IFP", "IFPO", "EXACT"):
        assert f"{strategy}: D = " in figure.svg


def test_the_figures_of_thousands_of_families_stay_small_and_have_no_map_of_a_coarse_search():
    many = Families.of({"D": {f"{n:04}": 1000 + (7919 * n * n) % 40_009 for n in range(3000)}})
    options = SearchOptions(turns=1)
    solved = STRATEGIES["ifpo"](many, Targets(), options)
    summary = PartitionSummary.of(summarise([], [], solved, Targets()))
    figures = {figure.slug: figure for figure in partition_figures(many, Targets(), solved, summary)}
    assert list(figures) == ["targets", "families-1-d"]
    assert len(figures["families-1-d"].svg) < 1_000_000
