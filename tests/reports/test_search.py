"""The search on the page: maps, comparisons and curves over depth, and what is said where there is nothing to draw."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from neurograde.reports.figures.search import Band, Point, compared, density, depths, distribution, grid_map
from neurograde.reports.page import compose
from neurograde.reports.sections.mistakes import mistakes
from neurograde.reports.sections.search import best_rows, search, untrained
from neurograde.reports.sections.training import training
from neurograde.storage.store import Store
from tests.support.page import chains
from tests.support.study import Study, write_study

CELLS = {(rate, size): (0.3 + rate * 100 + size / 1000, 10) for rate in (1e-3, 1e-4) for size in (8, 32, 128)}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"file://{tmp_path_factory.mktemp('study')}"
    write_study(url)
    return url


def test_a_map_names_its_best_cell_and_every_number_in_it():
    figure = grid_map("map", "vgg19, extension2", CELLS | {(1e-3, 8): (0.9, 3)})
    assert "least, 0.318, at 0.0001 and 8" in figure.alt
    assert "most, 0.900" in figure.alt
    assert "n = 3" in figure.svg
    assert figure.svg.count("0.342") == 1


def test_a_map_of_equal_cells_and_one_with_a_hole_can_be_drawn():
    assert "0.500" in grid_map("map", "flat", dict.fromkeys(CELLS, (0.5, 1))).svg
    hole = {key: value for key, value in CELLS.items() if key != (1e-3, 32)}
    assert "0.318" in grid_map("map", "hole", hole).svg


def test_words_on_a_map_keep_their_colours_in_the_dark():
    inline = grid_map("map", "vgg19", CELLS).inline
    colours = set(re.findall(r"fill: (#[0-9a-f]{6})", inline))
    assert colours >= {"#ffffff"}


def test_depth_and_comparison_say_their_numbers():
    points = {depth: Point(f"{depth}", 0.5 - depth / 20, 0.01, 10, 0.48 - depth / 20) for depth in range(4)}
    alt = depths("depth", "number of unfrozen layers", {"vgg19": points}, Band(0.7, 0.04), (6, 0.282)).alt
    assert "vgg19: 0 0.480 and 0.500 ± 0.010, 1 0.430 and 0.450 ± 0.010" in alt
    assert "vgg19 0.500 ± 0.010, best session 0.480" in compared("all", [points[0]._replace(name="vgg19")]).alt


def test_distributions_say_mean_and_deviation():
    assert (
        "over 4 values, train and valid of the sessions: mean 0.700, standard deviation 0.071"
        in distribution("d", "loss", [0.6, 0.7, 0.7, 0.8]).alt
    )
    assert "correlation is −1.00" in density("xy", [(0.5, 0.7), (0.6, 0.6), (0.9, 0.3)]).alt


def test_no_word_of_a_figure_is_a_formula():
    pairs = [(0.5, 0.7)] * 4 + [(0.6, 0.6)] * 2 + [(0.9, 0.3)]  # a short logarithmic scale
    assert re.findall(r">([24])<", density("xy", pairs).svg) == ["2", "4"]  # the scale of counts, up to the most
    for figure in (density("xy", pairs), distribution("d", "loss", [0.6, 0.7, 0.7, 0.8])):
        assert not re.search(r"\\math|\$", figure.svg)
    assert ".5<" not in re.findall(r"<g id=\S*matplotlib.axis_2.*", distribution("d", "loss", [0.6, 0.7]).svg, re.S)[0]


def test_the_section_counts_its_sessions_and_says_what_is_missing(study: str):
    section = search(chains(study, "independent"))
    assert section.lead.startswith("6 sessions in 1 search of a backbone and strategy")
    text = str(section.blocks[-1])
    assert "No comparison of backbones" in text
    assert "No curve over depth" in text
    slugs = [figure.slug for block in section.blocks for figure in getattr(block, "figures", ())]
    assert "best-session-loss" in slugs
    assert "untrained-accuracy" in slugs
    assert sum(each.startswith("map-") for each in slugs) == 1


def test_a_table_of_more_cells_than_it_lists_says_how_many_are_in_the_csv_file(study: str):
    [chain] = chains(study, "independent")
    for more in (1, 3):
        many = (chain.metrics.cells * 12)[: 20 + more]
        longer = replace(chain, metrics=chain.metrics.model_copy(update={"cells": many}))
        caption = training([longer]).blocks[0].caption
        assert caption.endswith(f"best first; {more} more in the CSV file")


def test_searches_of_one_name_are_told_apart_by_their_evaluation(study: str):
    [chain] = chains(study, "independent")
    manifest = chain.evaluation.manifest.model_copy(update={"name": "again"})
    grid = chain.run.grid.model_copy(update={"name": "again"})
    again = replace(chain, evaluation=replace(chain.evaluation, manifest=manifest), run=replace(chain.run, grid=grid))
    names = [point.name for point in best_rows([chain, again]).values()]
    assert names == ["mobilenet_v2, extension4 (independent)", "mobilenet_v2, extension4 (again)"]


def test_the_band_is_what_sessions_measure_before_training(study: str):
    [chain] = chains(study, "independent")
    starts = [rows[0] for rows in chain.run.histories().values()]
    losses = [loss for start in starts for loss in (start.train_loss, start.valid_loss)]
    assert untrained([chain]).mean == pytest.approx(sum(losses) / len(losses))


def test_the_worst_mistakes_are_wrong_and_the_surest_come_first(study: str):
    [chain] = chains(study, "independent")
    section = mistakes([chain], 4)
    [pictures] = section.blocks
    sure = [float(re.search(r"([\d.]+)\u202f%", each.caption)[1]) for each in pictures.pictures]
    assert len(sure) == 4
    assert sure == sorted(sure, reverse=True)
    for each in pictures.pictures:
        truth, said = re.match(r"(\w+) taken for (\w+),", each.caption).groups()
        assert truth != said


def test_without_mistakes_asked_for_the_page_shows_none(study: str):
    found = chains(study, "independent")
    assert "Worst mistakes" in compose("A study", found, 3).html().decode()
    assert "Worst mistakes" not in compose("A study", found).html().decode()


def test_what_sharing_the_trunk_saved_follows_from_the_records_of_its_passes(tmp_path: Path):
    url = f"file://{tmp_path}"
    write_study(url, leaking=False)
    text = compose("A study", chains(url, "independent")).html().decode()
    assert "part of training&#39;s energy and has no record of its own" in text
    [chain] = chains(url, "independent")
    made = Study(Store(url), ("D", "PD"), False).publish("features", "0" * 64, job="features", hours=1)
    [shard] = chain.run.shards.values()
    read = shard.manifest.model_copy(update={"features": (made.as_input(),)})
    Store(url).put(f"{shard.folder}/manifest.json", read.encode())
    text = compose("A study", chains(url, "independent")).html().decode()
    counted = re.search(r"trunks: ([\d,]+) samples .*? taken ([\d,]+),", text)
    passes, once = (float(each.replace(",", "")) for each in counted.groups())
    spared = (once / passes - 1) * (0.07 + 0.012 + 0.006)  # kWh of an hour, GPU, processor and memory
    assert f"about {1000 * spared:.2f} Wh and" in text


def test_the_account_says_what_the_trunk_was_spared_and_compares_it_with_something_known(study: str):
    text = compose("A study", chains(study, "independent")).html().decode()
    assert "of water from 20 °C to the boil" in text
    assert re.search(r"Sharing frozen trunks: [\d,]+ samples passed through them", text)
    assert "Nobody reviewed the squares" in text
