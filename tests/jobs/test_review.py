"""The steps that the review page closes with: taken as they are, they cut with the review."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from jobs.patch import patch
from jobs.review import review
from neurograde.pages.review.advice import next_steps
from neurograde.runtime import specfile
from neurograde.runtime.job import Job
from neurograde.storage.artefact import read_manifest
from neurograde.storage.decisions import Decisions
from neurograde.storage.store import Store
from tests.support.decisions import decision
from tests.support.images import PATTERN


@pytest.fixture
def specs(tmp_path: Path, images: Path) -> Path:
    """A folder with the specs of a review, of the patches of its images, and of other patches."""
    folder = tmp_path / "my specs"
    folder.mkdir()
    common = {"store": f"file://{tmp_path}/store", "region": "FRA", "patch_size_px": 32, "min_tissue_share": 0.0}
    source = {"source": {"url": str(images), "pattern": PATTERN}}
    for name, fields in {
        "a": {"job": "patch", "name": "others", "source": {"url": "elsewhere", "pattern": PATTERN}},
        "patch": {"job": "patch", "name": "tiles", **source},
        "review": {"job": "review", "name": "first", "reviewer": "ada", **source},
    }.items():
        (folder / f"{name}.yaml").write_text(json.dumps(common | fields))
    return folder


def job_of(specs: Path, store: str | None = None) -> Job:
    path = str(specs / "review.yaml")
    spec = specfile.validate(review.model, specfile.load(path, (), store), path)
    return Job(spec, Store(spec.store), path)


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("cut_before", [False, True])
def test_the_closing_advice_cuts_with_the_review(specs: Path, tmp_path: Path, *, cut_before: bool, elsewhere: bool):
    path, store = specs / "patch.yaml", f"file://{tmp_path}/other" if elsewhere else f"file://{tmp_path}/store"
    if cut_before:
        assert patch.main([str(path), "--store", store]) == 0
    Decisions(Store(store), "first").add(decision(image="D/case D0_1.png"))
    line, command = next_steps(job_of(specs, store))
    assert str(path) in line["text"]
    path.write_text(json.dumps(json.loads(path.read_text()) | specfile.yaml.safe_load(line["code"])))
    python, module, job, *options = shlex.split(command["code"])
    assert (python, module, job) == ("python", "-m", "jobs.patch")
    assert patch.main(options) == 0
    manifest = read_manifest(Store(store), "patches/tiles")
    assert manifest is not None
    assert [each.kind for each in manifest.inputs] == ["reviews"]
    assert patch.main([str(path), "--store", store]) == 0  # as the chain runs it: up to date
    assert read_manifest(Store(store), "patches/tiles") == manifest


def test_a_spec_that_follows_the_review_already_needs_no_line(specs: Path):
    path = specs / "patch.yaml"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"review": "first"}))
    (step,) = next_steps(job_of(specs))
    assert step["code"] == f"python -m jobs.patch {shlex.quote(str(path))}"
