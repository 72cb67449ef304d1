"""A small installation does what needs no torch, and names the extra that the rest needs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from neurograde.runtime.doctor import examine
from neurograde.specs.catalogue import JOBS
from neurograde.specs.extras import EXTRAS
from tests.repo.lock import DEVELOPMENT, LOCK, blocks
from tests.repo.lock import EXTRAS as OF_THE_IMAGE

ROOT = Path(__file__).parents[2]
SMALL = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LEFT_OUT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

LEFT_OUT = set(sys.argv[1].split(","))
for name in LEFT_OUT:
    sys.modules[name] = None  # find_spec answers None
sys.meta_path.insert(0, Nothing())
from neurograde.__main__ import main
for words in sys.argv[2:]:
    code = main(words.split())
    print("exit", code, flush=True)
"""
MODULES = sorted(module for modules in EXTRAS.values() for module in modules)


def small(folder: Path, *commands: str) -> tuple[list[int], str]:
    """Run commands in one process that has no module of an extra; return their exit codes and what they logged."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'lib'}{os.pathsep}{ROOT}", "NEUROGRADE_CACHE": str(folder)}
    process = subprocess.run(
        [sys.executable, "-c", SMALL, ",".join(MODULES), *commands],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [int(code) for code in re.findall(r"^exit (\d+)$", process.stdout, re.MULTILINE)], process.stderr


def distributions(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", requirement)[0].lower() for requirement in requirements}


def test_each_extra_brings_the_modules_of_the_table():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installed = packages_distributions()
    for extra, modules in EXTRAS.items():
        names = {name.lower() for module in modules for name in installed[module]}
        assert names <= distributions(project["optional-dependencies"][extra]), extra
        assert not names & distributions(project["dependencies"]), extra
    assert {*project["optional-dependencies"]} == {*EXTRAS, "dev"}


def test_the_upper_part_of_the_lock_has_every_extra_that_jobs_need():
    assert {extra for job in JOBS for extra in job.extras} <= {*OF_THE_IMAGE}
    jobs, _, development = LOCK.read_text().partition(DEVELOPMENT)
    names = {block.split("==")[0] for block in blocks(jobs)}
    assert {"torch", "scikit-learn", "onnxruntime", "s3fs", "openslide-python", "setuptools"} <= names
    assert not {"pytest", "mypy", "pandas", "playwright"} & names
    assert {"pytest", "pandas"} <= {block.split("==")[0] for block in blocks(development)}


@pytest.mark.slow
def test_without_extras_a_folder_of_images_is_cut_partitioned_verified_and_audited(tmp_path: Path):
    specs, store = ROOT / "specs" / "demo", f"file://{tmp_path / 'store'}"
    (tmp_path / "split.csv").write_text("slide,split\na,train\nb,test\n")
    classes = [{"label": label, "families": 4, "differentiation": share} for label, share in (("PD", 0.1), ("D", 0.9))]
    few = f"--set classes={json.dumps(classes, separators=(',', ':'))}"
    chain = [f"{job} {specs}/{job}.yaml --store {store}" for job in ("synthesise", "patch", "partition", "augment")]
    codes, logged = small(
        tmp_path, "--help", "--version", "doctor", "audit split.csv", f"{chain[0]} {few}", *chain[1:], f"verify {store}"
    )
    assert codes == [0] * 9, logged
    assert (tmp_path / "audit" / "audit.html").exists()


def test_doctor_names_the_extras_that_are_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    packages = {answer.subject: answer.value for answer in examine()}["packages"]
    assert packages.endswith("; pip install 'neurograde[train,notebook]' brings the rest")


def test_a_job_that_needs_an_extra_names_it_before_it_reads_anything(tmp_path: Path):
    specs = ROOT / "specs" / "demo"
    codes, logged = small(
        tmp_path,
        f"train {specs}/train.yaml --store gs://no-such-bucket/study",
        f"evaluate {specs}/evaluate.yaml",
        f"grid {specs} --out {tmp_path}/k8s",
    )
    events = [json.loads(line)["event"] for line in logged.splitlines()]
    assert codes == [78, 78, 78], events
    assert events[0] == "train needs safetensors, torch, torchvision: pip install 'neurograde[train]'"
    assert events[1].startswith("evaluate needs ")
    assert re.fullmatch(r"grid needs \w+: pip install 'neurograde\[train\]'", events[2])


def test_a_chain_names_what_it_lacks_before_its_first_job(tmp_path: Path):
    [code], logged = small(tmp_path, f"chain {ROOT / 'specs' / 'demo'} --store file://{tmp_path / 'store'}")
    events = [json.loads(line)["event"] for line in logged.splitlines()]
    assert code == 78
    for job in ("train", "evaluate", "report"):
        assert f"{job} needs safetensors, torch, torchvision: pip install 'neurograde[train]'" in events, events
    assert not (tmp_path / "store" / "images").exists()


@pytest.mark.parametrize("job", [job for job in JOBS if job.extras], ids=lambda job: job.name)
def test_each_extra_of_a_job_is_in_the_table(job):
    assert {*job.extras} <= {*EXTRAS}
