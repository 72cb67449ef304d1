"""A test bench for manifests: runs the indexes of rendered Jobs as local processes, by the rules of the Job controller.

It reads the very files that `kubectl apply` would, and of them: completions, parallelism, backoffLimitPerIndex,
maxFailedIndexes, podFailurePolicy, terminationGracePeriodSeconds, the container's arguments and variables, and the
ConfigMap behind /specs. A pod is one process; a preempted one gets SIGTERM, and SIGKILL when its grace is over.
It schedules nothing, limits no memory and knows no network: it is no orchestrator.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import yaml

PROCESSES = multiprocessing.get_context("forkserver")  # torch is imported once, and no thread goes through a fork
PROCESSES.set_forkserver_preload(["torch", "torchvision", "neurograde.learning.run.shard", "tests.rehearsal.cluster"])
TICK_SECONDS = 0.02
PREEMPTIONS = 4
"""Most of an index: a shard is given up (81) after five attempts without a commit, and four may all come too early."""
Say = Callable[[str], None]


@dataclass
class Pod:
    """A process that stands for a pod."""

    index: int
    process: BaseProcess
    folder: Path
    """Its scratch: cache, last words, log."""
    disrupted: bool = False
    """Whether it carries the condition DisruptionTarget."""
    killed_at: float | None = None
    """When its grace is over."""

    @property
    def is_up(self) -> bool:
        """Whether it has logged anything: before that a preemption would only show how slow this machine is."""
        log = self.folder / "log"
        return log.exists() and log.stat().st_size > 0

    @property
    def last_words(self) -> str:
        """Its termination message."""
        path = self.folder / "termination-log"
        return path.read_text() if path.exists() else ""


@dataclass
class Outcome:
    """How a Job ended."""

    name: str
    complete: bool = False
    reason: str = ""
    """Why it failed."""
    succeeded: set[int] = field(default_factory=set)
    failed: dict[int, str] = field(default_factory=dict)
    """Last words by index, of those that are given up."""
    exits: list[tuple[int, int]] = field(default_factory=list)
    """Index and exit code of every pod, in the order of their ends."""
    preempted: Counter[int] = field(default_factory=Counter)
    """Preemptions by index."""
    counted: Counter[int] = field(default_factory=Counter)
    """Failures that count, by index."""


@dataclass
class Cluster:
    """Where Jobs run."""

    workers: int = 2
    """Most pods at once, whatever a Job would like."""
    chaos: random.Random | None = None
    """Preempts pods; None: nobody does."""
    seconds_between_preemptions: float = 0.5
    """On average."""
    say: Say = lambda _line: None
    scratch: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="rehearsal-")))

    def apply(self, folder: Path, file: str | None = None) -> list[Outcome]:
        """Run every Job of a folder's manifests, or of one file there, one Job after the other, to its end."""
        files = {path: list(yaml.safe_load_all(path.read_text())) for path in sorted(folder.glob("*.yaml"))}
        config_maps = {
            each["metadata"]["name"]: each["data"]
            for objects in files.values()
            for each in objects
            if each["kind"] == "ConfigMap"
        }
        jobs = [
            each
            for path, objects in files.items()
            for each in objects
            if each["kind"] == "Job" and file in (None, path.name)
        ]
        return [self.run(job, config_maps) for job in jobs]

    def run(self, job: Mapping[str, Any], config_maps: Mapping[str, Mapping[str, str]]) -> Outcome:
        """Run one Job to its end: complete, or failed."""
        spec = job["spec"]
        outcome = Outcome(job["metadata"]["name"])
        waiting = list(range(spec["completions"]))
        running: list[Pod] = []
        with self._mounted(job, config_maps) as mounts:
            while waiting or running:
                while waiting and len(running) < min(spec["parallelism"], self.workers):
                    running.append(self._start(job, waiting.pop(0), mounts))
                self._preempt(job, running, outcome)
                time.sleep(TICK_SECONDS)
                for pod in [each for each in running if not each.process.is_alive()]:
                    running.remove(pod)
                    self._ended(spec, pod, outcome, waiting)
                if not outcome.reason and len(outcome.failed) > spec["maxFailedIndexes"]:
                    outcome.reason = f"more than {spec['maxFailedIndexes']} indexes failed"
                if outcome.reason:
                    waiting.clear()
                    for pod in running:
                        self._terminate(job, pod)
                for pod in running:
                    if pod.killed_at is not None and time.monotonic() > pod.killed_at:
                        pod.process.kill()
        outcome.complete = not outcome.reason and not outcome.failed
        if outcome.failed and not outcome.reason:
            outcome.reason = f"{len(outcome.failed)} of {spec['completions']} indexes failed"
        self.say(f"{outcome.name}: {'complete' if outcome.complete else f'failed: {outcome.reason}'}")
        return outcome

    def _ended(self, spec: Mapping[str, Any], pod: Pod, outcome: Outcome, waiting: list[int]) -> None:
        """What the Job controller does about a pod's end."""
        code = pod.process.exitcode
        assert code is not None
        code = code if code >= 0 else 128 - code
        outcome.exits.append((pod.index, code))
        action = "Succeed" if code == 0 else policy(spec["podFailurePolicy"]["rules"], code, disrupted=pod.disrupted)
        self.say(f"{outcome.name} index {pod.index}: exit {code}: {action}. {pod.last_words}")
        if action == "Succeed":
            outcome.succeeded.add(pod.index)
        elif action == "FailJob":
            outcome.reason = outcome.reason or f"index {pod.index}: {pod.last_words}"
        elif action == "FailIndex":
            outcome.failed[pod.index] = pod.last_words
        else:
            outcome.counted[pod.index] += action == "Count"
            if outcome.counted[pod.index] > spec["backoffLimitPerIndex"]:
                outcome.failed[pod.index] = pod.last_words
            elif not outcome.reason:
                waiting.append(pod.index)

    def _start(self, job: Mapping[str, Any], index: int, mounts: Mapping[str, Path]) -> Pod:
        [container] = job["spec"]["template"]["spec"]["containers"]
        folder = Path(tempfile.mkdtemp(prefix=f"{index}-", dir=self.scratch))
        facts = {"metadata.uid": str(uuid.uuid4()), "spec.nodeName": f"node-{index % self.workers}"}
        facts["metadata.labels['batch.kubernetes.io/job-name']"] = job["metadata"]["name"]
        facts |= {f"metadata.labels['topology.kubernetes.io/{name}']": "" for name in ("region", "zone")}  # as in 1.34
        variables = {
            each["name"]: each["value"] if "value" in each else facts[each["valueFrom"]["fieldRef"]["fieldPath"]]
            for each in container["env"]
        }
        variables |= {
            "JOB_COMPLETION_INDEX": str(index),
            "NEUROGRADE_CACHE": str(folder / "cache"),
            "NEUROGRADE_LAST_WORDS": str(folder / "termination-log"),
        }
        module, *arguments = container["args"]
        for path, place in mounts.items():
            arguments = [each.replace(path, str(place), 1) if each.startswith(path) else each for each in arguments]
        process = PROCESSES.Process(target=pod_main, args=(module, arguments, variables, str(folder / "log")))
        process.start()
        return Pod(index, process, folder)

    def _preempt(self, job: Mapping[str, Any], running: list[Pod], outcome: Outcome) -> None:
        """Now and then, a node goes: with its grace, or (one in three) without."""
        if self.chaos is None or self.chaos.random() > TICK_SECONDS / self.seconds_between_preemptions:
            return
        candidates = [
            each
            for each in running
            if each.is_up and not each.disrupted and outcome.preempted[each.index] < PREEMPTIONS
        ]
        if not candidates:
            return
        pod = self.chaos.choice(candidates)
        pod.disrupted = True
        outcome.preempted[pod.index] += 1
        if self.chaos.random() < 1 / 3:
            pod.process.kill()
        else:
            self._terminate(job, pod)

    def _terminate(self, job: Mapping[str, Any], pod: Pod) -> None:
        if pod.killed_at is None:
            pod.killed_at = time.monotonic() + job["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
            pod.process.terminate()

    @contextlib.contextmanager
    def _mounted(
        self, job: Mapping[str, Any], config_maps: Mapping[str, Mapping[str, str]]
    ) -> Iterator[Mapping[str, Path]]:
        """The folders of the ConfigMaps that the pods mount, by mount path."""
        pod = job["spec"]["template"]["spec"]
        paths = {each["name"]: each["mountPath"] for each in pod["containers"][0]["volumeMounts"]}
        with tempfile.TemporaryDirectory() as root:
            mounts = {}
            for volume in (each for each in pod["volumes"] if "configMap" in each):
                folder = Path(root) / volume["name"]
                folder.mkdir()
                for name, text in config_maps[volume["configMap"]["name"]].items():
                    (folder / name).write_text(text)
                mounts[paths[volume["name"]]] = folder
            yield mounts


def policy(rules: list[Mapping[str, Any]], code: int, *, disrupted: bool) -> str:
    """What a podFailurePolicy does about a failed pod: the first rule that fits decides, else it counts."""
    for rule in rules:
        if disrupted and any(each["type"] == "DisruptionTarget" for each in rule.get("onPodConditions", [])):
            return str(rule["action"])
        if code in rule.get("onExitCodes", {}).get("values", []):
            return str(rule["action"])
    return "Count"


def pod_main(module: str, arguments: list[str], variables: Mapping[str, str], log: str) -> None:
    """The container's entrypoint, `python -m <module> <arguments>`, in a process that has torch already."""
    os.environ.update(variables)
    with Path(log).open("w") as stream:
        sys.stderr = stream
        entry = getattr(importlib.import_module(module), module.rpartition(".")[2])
        code = entry.main(arguments)
    os._exit(code)  # as a process of its own would end: nothing of the parent's is tidied up
