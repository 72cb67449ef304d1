"""The cluster job: in which order it applies, and what it refuses; tests/cluster/test_waiting.py has how it waits."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jobs.cluster import cluster
from jobs.grid import grid
from neurograde.cluster.folder import quota, steps
from tests.cluster.recorded_kubectl import put_on_path
from tests.support.small import SMALL_SPECS

ROOT = Path(__file__).parents[2]
IMAGE = f"registry/neurograde@sha256:{'ab' * 32}"


@pytest.fixture
def k8s(tmp_path: Path) -> Path:
    assert grid.main([str(SMALL_SPECS), "--image", IMAGE, "--out", str(tmp_path / "k8s")]) == 0
    return tmp_path / "k8s"


def test_everything_is_applied_in_the_order_of_the_chain(k8s: Path, tmp_path: Path, monkeypatch):
    names = [job.name for step in steps(k8s) for job in step.jobs]
    complete = {"conditions": [{"type": "Complete", "status": "True"}]}
    jobs = [
        {"kind": "Job", "metadata": {"name": name, "namespace": "neurograde"}, "status": complete} for name in names
    ]
    scene = tmp_path / "scene.json"
    scene.write_text(json.dumps({"jobs": [], "answers": [{"items": jobs}], "only_applied": True}))
    recorded = put_on_path(scene, tmp_path, monkeypatch)
    assert cluster.main([str(k8s), "--every", "0.01"]) == 0
    applied = [name for group in recorded.asked()["applied"] for name in group]
    assert applied[0] == "neurograde"  # the namespace
    assert [name for name in applied if name in names] == names
    assert [name.rsplit("-", 1)[0] for name in names] == [
        "synthesise-demo",
        "patch-demo",
        "partition-demo",
        "augment-demo",
        "train-squeezenet1-1-whole",
        "evaluate-demo",
        "report-demo",
    ]
    specs = [name for name in applied if name.startswith("specs-")]
    assert [name.split("-")[1] for name in specs] == ["chain", "grid", "after"]
    assert quota(k8s).boards == 64


def test_a_folder_without_manifests_is_refused(tmp_path: Path):
    with pytest.raises(Exception, match=r"no manifests; python -m jobs\.grid"):
        list(steps(tmp_path))


def test_the_placeholder_of_an_image_is_refused_before_anything_is_applied(tmp_path: Path, monkeypatch, capsys):
    assert grid.main([str(SMALL_SPECS), "--out", str(tmp_path / "k8s")]) == 0
    scene = tmp_path / "scene.json"
    scene.write_text(json.dumps({"jobs": [], "answers": []}))
    recorded = put_on_path(scene, tmp_path, monkeypatch)
    assert cluster.main([str(tmp_path / "k8s")]) == 64
    assert "names the placeholder 'registry.example/neurograde@sha256:0000" in capsys.readouterr().err
    assert not recorded.state.exists()


def test_without_kubectl_it_ends_with_64(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cluster.main([str(tmp_path)]) == 64
    assert "kubectl is not installed" in capsys.readouterr().err
    assert os.environ["PATH"] == str(tmp_path)
