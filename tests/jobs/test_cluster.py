"""The cluster job against a kubectl of our own: in which order it applies, how it waits, what it says of a failure."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from jobs.cluster import cluster as job
from jobs.cluster import steps
from jobs.grid import grid

ROOT = Path(__file__).parents[2]
KUBECTL = '''#!{python}
"""Keeps what was applied in a file; a Job is complete the second time that anybody asks, or failed if it is to fail."""
import json, pathlib, sys, yaml
state = pathlib.Path({state!r})
known = json.loads(state.read_text()) if state.exists() else {{"applied": [], "asked": {{}}}}
words = sys.argv[1:]
if words[0] == "apply":
    for path in words[2::2]:
        known["applied"].append("/".join(pathlib.Path(path).parts[-2:]))
        for each in yaml.safe_load_all(pathlib.Path(path).read_text()):
            if each["kind"] == "Job":
                known["asked"][each["metadata"]["name"]] = 0
    print("applied")
elif words[1] == "jobs":
    items = []
    for name in known["asked"]:
        known["asked"][name] += 1
        end = "Failed" if name.startswith({fails!r}) else "Complete"
        status = {{"conditions": [{{"type": end, "status": "True"}}]}} if known["asked"][name] > 1 else {{}}
        items.append({{"metadata": {{"name": name, "namespace": "neurograde"}}, "status": status}})
    print(json.dumps({{"items": items}}))
else:
    ended = {{"exitCode": 66, "message": "exit 66: datasets/demo is not in the store"}}
    print(json.dumps({{"items": [{{"status": {{"containerStatuses": [{{"state": {{"terminated": ended}}}}]}}}}]}}))
state.write_text(json.dumps(known))
'''


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the job on the demo's manifests; returns the exit code and what kubectl was given, in order."""
    assert grid.main([str(ROOT / "specs/demo"), "--out", str(tmp_path / "k8s")]) == 0

    def run(fails: str = "nothing") -> tuple[int, list[str]]:
        (tmp_path / "bin").mkdir(exist_ok=True)
        kubectl = tmp_path / "bin/kubectl"
        kubectl.write_text(KUBECTL.format(python=sys.executable, state=str(tmp_path / "state.json"), fails=fails))
        kubectl.chmod(kubectl.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        code = job.main([str(tmp_path / "k8s"), "--every", "0.01"])
        return code, json.loads((tmp_path / "state.json").read_text())["applied"]

    return run


def test_everything_is_applied_in_the_order_of_the_chain(cluster):
    code, applied = cluster()
    assert code == 0
    assert applied[0] == "base/namespace.yaml"
    assert [each for each in applied if not each.startswith("base/")] == [
        "chain/specs.yaml",
        "chain/1-synthesise.yaml",
        "chain/2-patch.yaml",
        "chain/3-partition.yaml",
        "chain/4-augment.yaml",
        "grid/specs.yaml",
        "grid/train.yaml",
        "after/specs.yaml",
        "after/1-evaluate.yaml",
        "after/2-report.yaml",
    ]


def test_a_failed_job_ends_it_with_its_pod_s_last_words_and_exit_code(cluster, capsys):
    code, applied = cluster("train-")
    assert code == 66
    assert applied[-1] == "grid/train.yaml"
    assert "failed: exit 66: datasets/demo is not in the store" in capsys.readouterr().err


def test_a_folder_without_manifests_is_refused(tmp_path: Path):
    with pytest.raises(Exception, match=r"no manifests; python -m jobs\.grid"):
        list(steps(tmp_path))


def test_without_kubectl_it_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert job.main([str(tmp_path)]) == 64
    assert "kubectl is not installed" in capsys.readouterr().err
