"""Every example spec is valid, and every one is for a job that exists."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from jobs.chain import AHEAD, ORDER, WITH_A_PERSON, specs_in_order
from neurograde.runtime.specfile import load, validate

ROOT = Path(__file__).parents[2]
SPECS = sorted(path for path in ROOT.glob("specs/*/*.yaml") if path.name != "common.yaml")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.relative_to(ROOT / "specs")))
def test_an_example_spec_is_valid(path: Path):
    data = load(str(path))
    entry = getattr(importlib.import_module(f"jobs.{data['job']}"), data["job"])
    assert validate(entry.model, data, str(path)).job == data["job"]


def test_the_chain_knows_every_job_that_makes_an_artefact():
    names = {path.stem for path in (ROOT / "jobs").glob("*.py")}
    makers = {name for name in names if hasattr(importlib.import_module(f"jobs.{name}"), name)}
    assert makers == {*ORDER, *WITH_A_PERSON, *AHEAD}
    assert all(hasattr(importlib.import_module(f"jobs.{name}"), "main") for name in names - makers)


@pytest.mark.parametrize("folder", sorted({path.parent for path in SPECS}), ids=lambda path: path.name)
def test_every_upstream_that_a_folder_s_specs_name_is_made_by_a_spec_of_the_folder_or_stands_before_it(folder: Path):
    made: set[tuple[str, str]] = set()
    needs = {"partition": ("patch", "patches"), "augment": ("partition", "partition"), "train": ("augment", "dataset")}
    for job, path in specs_in_order(folder):
        data = load(str(path))
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
