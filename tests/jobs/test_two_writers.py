"""Two jobs that write one name at about the same time: one artefact, whole, and whoever lost it is told."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Literal

import pytest

from neurograde.runtime.command import job
from neurograde.runtime.job import Job
from neurograde.specs.base import JobSpec
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store
from tests.support.images import PATTERN
from tests.support.kills import SOAK, outcome

ROUNDS = 200 if SOAK else 8
FILES = 12


class TallSpec(JobSpec):
    """A job that writes many files, slowly."""

    job: Literal["tall"]
    """The job this spec is for."""
    text: str
    """The content of each file."""
    files: int
    """The number of files."""


@job(TallSpec)
def tall(job: Job[TallSpec]) -> None:
    with job.publish("images") as out:
        for number in range(job.spec.files):
            out.write(f"folder/{number}.txt", job.spec.text.encode() * 100)
            time.sleep(0.002)


def started(folder: Path, text: str, *options: str) -> int:
    """Start the job in a process of its own; returns its id."""
    child = os.fork()
    if child:
        return child
    with contextlib.redirect_stderr((folder / f"{text}.log").open("w")):
        path = folder / f"{text}-{os.getpid()}.yaml"
        spec = {"job": "tall", "name": "one", "store": f"file://{folder}/store", "region": "FRA"}
        path.write_text(json.dumps(spec | {"text": text, "files": FILES + len(text)}))
        os._exit(tall.main([str(path), *options]))


def published(folder: Path) -> str:
    """Return the text of the artefact, which is whole, and all that there is in the store."""
    store = Store(f"file://{folder}/store")
    manifest = read_manifest(store, "images/one")
    assert manifest is not None
    Artefact(store, "images/one", manifest).verify()
    assert set(store.list()) == {f"images/one/{path}" for path in [*manifest.files, "manifest.json"]}
    return str(manifest.spec["text"])


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_of_two_jobs_on_one_name_one_publishes_and_the_other_is_told(tmp_path: Path, seed: int):
    chance = random.Random(seed)
    ours, theirs = "a", chance.choice(["a", "bbb"])
    options = ["--replace"] if theirs != ours and chance.random() < 0.5 else []
    first = started(tmp_path, ours)
    time.sleep(chance.uniform(0.0, 0.12))
    second = started(tmp_path, theirs, *options)
    codes = (outcome(first), outcome(second))
    if theirs == ours:
        assert codes in {(0, 0), (75, 0), (0, 75)}
    elif options:
        assert codes in {(75, 0), (0, 0), (73, 0)}
    else:
        assert codes in {(0, 73), (73, 0)}
    assert published(tmp_path) == (theirs if options or codes[1] == 0 else ours)


@pytest.mark.parametrize("seed", range(ROUNDS // 4))
def test_a_job_that_was_killed_holds_up_nobody_who_goes_on_with_it(tmp_path: Path, seed: int):
    chance = random.Random(seed)
    child = started(tmp_path, "a")
    time.sleep(chance.uniform(0.0, 0.12) if seed else 0.0)
    os.kill(child, signal.SIGKILL)
    killed = outcome(child) == -signal.SIGKILL
    assert outcome(started(tmp_path, "a")) == 0
    assert published(tmp_path) == "a"
    assert outcome(started(tmp_path, "bbb")) == 73
    assert killed or seed  # the first is killed at once


def test_two_patchings_of_one_name_leave_one_whole(images: Path, tmp_path: Path):
    from jobs.patch import patch

    store, children = Store(f"file://{tmp_path}/store"), []
    for size in (16, 32):
        path = tmp_path / f"{size}.yaml"
        spec = {"job": "patch", "name": "demo", "store": store.url, "region": "FRA", "min_tissue_share": 0.05}
        source = {"source": {"url": str(images), "pattern": PATTERN}}
        path.write_text(json.dumps(spec | source | {"patch_size_px": size}))
        child = os.fork()
        if not child:
            os._exit(patch.main([str(path)]))
        children.append(child)
    assert sorted(map(outcome, children)) == [0, 73]
    manifest = read_manifest(store, "patches/demo")
    assert manifest is not None
    Artefact(store, "patches/demo", manifest).verify()
    assert set(store.list("patches/demo")) == {f"patches/demo/{path}" for path in [*manifest.files, "manifest.json"]}
