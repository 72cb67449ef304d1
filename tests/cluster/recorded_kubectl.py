"""A kubectl that replays the recorded answers: each `get jobs` goes on to the next, pods and events are of the same."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from neurograde.cluster.folder import FolderStep, PlannedJob

RECORDED = Path(__file__).parent / "recorded"
SCRIPT = """#!{python}
import json, pathlib, sys, yaml
scene = json.loads(pathlib.Path({scene!r}).read_text())
path = pathlib.Path({state!r})
state = json.loads(path.read_text()) if path.exists() else {{"answer": -1, "applied": [], "deleted": []}}
words = [word for word in sys.argv[1:] if not word.startswith("--request-timeout")]
kinds = {{"jobs": "Job", "pods": "Pod", "events": "Event"}}
out, error = "", ""
if words[0] == "apply":
    texts = [sys.stdin.read()] if words[2] == "-" else [pathlib.Path(name).read_text() for name in words[2::2]]
    objects = [each for text in texts for each in yaml.safe_load_all(text) if each]
    state["applied"].append([each["metadata"]["name"] for each in objects])
    out = "".join(f"{{each['kind'].lower()}}/{{each['metadata']['name']}} created\\n" for each in objects)
elif words[0] == "delete":
    state["deleted"].append(words[2])
elif words[1] in kinds:
    if words[1] == "jobs" and (state["applied"] or {existing!r}):
        state["answer"] = min(state["answer"] + 1, len(scene["answers"]) - 1)
    answer = scene["answers"][state["answer"]] if state["answer"] >= 0 else {{"items": []}}
    error = answer.get("stderr", "")
    items = [each for each in answer.get("items", []) if each["kind"] == kinds[words[1]]]
    if scene.get("only_applied"):
        applied = [name for group in state["applied"] for name in group]
        items = [each for each in items if each["metadata"]["name"] in applied]
    if "--selector" in words:
        label, _, name = words[words.index("--selector") + 1].partition("=")
        items = [each for each in items if each["metadata"]["labels"][label] == name]
    if "--field-selector" in words:
        field, _, value = words[words.index("--field-selector") + 1].partition("=")
        items = [each for each in items if each[field] == value]
    out = json.dumps({{"items": items}})
else:
    error = {kueue!r}
path.write_text(json.dumps(state))
sys.stdout.write(out)
sys.stderr.write(error)
sys.exit(1 if error else 0)
"""
NO_KUEUE = 'error: the server doesn\'t have a resource type "localqueues"'


class Recorded:
    """One situation, its kubectl on the PATH, and what that was asked for."""

    def __init__(self, scene: Path, folder: Path, *, existing: bool = False, kueue: str = NO_KUEUE) -> None:
        self.scene = scene
        self.content: dict[str, Any] = json.loads(self.scene.read_text())
        self.state = folder / "state.json"
        self.bin = folder / "bin"
        self.bin.mkdir()
        kubectl = self.bin / "kubectl"
        values = {"scene": str(self.scene), "state": str(self.state), "existing": existing, "kueue": kueue}
        kubectl.write_text(SCRIPT.format(python=sys.executable, **values))
        kubectl.chmod(kubectl.stat().st_mode | stat.S_IXUSR)

    @property
    def step(self) -> FolderStep:
        """The situation's Jobs as one step."""
        jobs = [PlannedJob(job["metadata"]["name"], job["metadata"]["namespace"], job) for job in self.content["jobs"]]
        return FolderStep("grid", (), tuple(jobs))

    def asked(self) -> dict[str, Any]:
        """Return what was applied and deleted, in order."""
        known: dict[str, Any] = json.loads(self.state.read_text())
        return known

    def write_folder(self, root: Path) -> Path:
        """Write k8s/ with the situation's Jobs in grid/ and nothing to do elsewhere."""
        nothing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "specs", "namespace": "neurograde"}}
        for folder in ("base", "chain", "grid", "after"):
            (root / folder).mkdir(parents=True)
            (root / folder / "specs.yaml").write_text(yaml.safe_dump(nothing))
        (root / "grid/train.yaml").write_text(yaml.safe_dump_all(self.content["jobs"]).replace("0" * 64, "ab" * 32))
        return root


def put_on_path(scene: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Recorded:
    """Put the kubectl of a situation first on the PATH."""
    recorded = Recorded(scene, folder, **options)
    monkeypatch.setenv("PATH", f"{recorded.bin}:{os.environ['PATH']}")
    return recorded
