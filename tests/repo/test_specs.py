"""Every example spec is valid, and every one is for a job that exists."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from neurograde.runtime.spec_folder import specs_in_order, specs_of
from neurograde.runtime.specfile import load, validate
from neurograde.specs.catalogue import COMMANDS, JOBS, KINDS
from neurograde.specs.grid import planned_rows
from neurograde.specs.strategies import Unfreezing, Whole

ROOT = Path(__file__).parents[2]
FOLDERS = sorted({path.parent for path in ROOT.glob("specs/*/*.yaml")})
SPECS = [source for folder in FOLDERS for source in specs_of(folder)]


@pytest.mark.parametrize("source", SPECS, ids=lambda source: source.removeprefix(f"{ROOT}/specs/"))
def test_an_example_spec_is_valid(source: str):
    data = load(source)
    entry = getattr(importlib.import_module(f"jobs.{data['job']}"), data["job"])
    assert validate(entry.model, data, source).job == data["job"]


def test_every_file_of_jobs_is_in_the_catalogue_with_the_spec_that_it_reads():
    names = {path.stem for path in (ROOT / "jobs").glob("[a-z]*.py")}
    assert names == {*(entry.name for entry in JOBS), *COMMANDS}
    assert all(hasattr(importlib.import_module(f"jobs.{name}"), name) for name in names)
    for entry in JOBS:
        assert getattr(importlib.import_module(f"jobs.{entry.name}"), entry.name).model is entry.spec


def test_the_catalogue_is_in_the_order_of_the_chain_each_job_after_those_that_write_what_it_reads():
    written: set[str] = set()
    for entry in JOBS:
        written |= {*entry.writes, *entry.appends}  # a baseline reads the descriptions that an earlier one wrote
        assert set(entry.reads) <= written, entry.name
    assert written == KINDS


def test_a_job_that_does_a_part_of_another_ahead_reads_the_spec_of_that_job():
    specs = {entry.name: entry.spec for entry in JOBS}
    ahead = [entry for entry in JOBS if entry.is_ahead]
    assert ahead
    assert all(entry.spec is specs[entry.spec_of] for entry in ahead)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_upstream_that_a_folder_s_specs_name_is_made_by_a_spec_of_the_folder_or_stands_before_it(folder: Path):
    made: set[tuple[str, str]] = set()
    needs = {"partition": ("patch", "patches"), "augment": ("partition", "partition"), "train": ("augment", "dataset")}
    for job, source in specs_in_order(folder):
        data = load(source)
        if job in needs:
            maker, field = needs[job]
            assert (maker, data[field]) in made
        made.add((job, data["name"]))


@pytest.mark.parametrize("job", ["patch", "partition", "augment"])
def test_the_data_of_specs_beyond_are_those_of_the_study(job: str):
    entry = getattr(importlib.import_module(f"jobs.{job}"), job)
    ours, theirs = (
        validate(entry.model, load(str(ROOT / "specs" / folder / f"{job}.yaml")), job)
        for folder in ("beyond", "report")
    )
    assert (ours.digest(), ours.store, ours.name) == (theirs.digest(), theirs.store, theirs.name)


def openings_by_test_set(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the specs of a folder that open a test set, by its patches and partition; a leak keeps its test set."""
    specs = {(job, data["name"]): data for job, source in specs_in_order(folder) for data in [load(source)]}
    groups: dict[str, list[dict[str, Any]]] = {}
    for (job, _), data in specs.items():
        if job not in ("evaluate", "baseline"):
            continue
        dataset = data["dataset"] if job == "baseline" else specs["train", data["run"]]["dataset"]
        partition = specs["partition", specs["augment", dataset]["partition"]]
        test = {key: value for key, value in partition.items() if key not in ("name", "correlate", "compare")}
        groups.setdefault(json.dumps(test, sort_keys=True), []).append(data)
    return groups


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_spec_that_opens_a_test_set_says_how_many_of_its_folder_do(folder: Path):
    before = {"beyond": 8}  # those of specs/report, whose partition and store these share
    for group in openings_by_test_set(folder).values():
        shared = before.get(folder.name, 0) if len(group) > 1 else 0
        assert [data.get("planned_openings") for data in group] == [len(group) + shared] * len(group)


def test_the_quick_study_sends_each_patch_through_its_network_once_and_its_arrows_are_the_template_s():
    specs = {job: validate_spec("quick", job) for job in ("augment", "train")}
    assert specs["augment"].transforms == 0
    assert {row.slices for row in planned_rows(specs["train"])} == {1}
    assert all(not isinstance(strategy, Unfreezing | Whole) for strategy in specs["train"].strategies)
    assert arrows("quick") == arrows("template") == {"study.yaml": [1, 2, 3, 4]}


def validate_spec(folder: str, job: str):
    entry = getattr(importlib.import_module(f"jobs.{job}"), job)
    path = str(ROOT / "specs" / folder / f"study.yaml#{job}")
    return validate(entry.model, load(path), path)


def arrows(folder: str) -> dict[str, list[int]]:
    """The numbers of the marked fields, by file."""
    marked = {
        path.name: [int(number) for number in re.findall(r"# <- (\d):", path.read_text())]
        for path in sorted((ROOT / "specs" / folder).glob("*.yaml"))
    }
    return {name: numbers for name, numbers in marked.items() if numbers}
