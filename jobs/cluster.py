"""cluster: apply the rendered manifests with kubectl, folder by folder, and wait for each step's Jobs.

    python -m jobs.cluster k8s [--context my-cluster]

Reads   k8s/base/, chain/ file by file, grid/ and after/ file by file, as jobs.grid wrote them
Does    kubectl apply, then asks for the Jobs until all are complete, or one failed: then says what its pods said last
Exits   0 when everything is done, or with the exit code of the pod that failed

Interrupted, it leaves the cluster alone; run again, it goes on: what is done is done in the store.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from neurograde.errors import NeurogradeError, Stopped, StoreUnavailable, UsageError
from neurograde.runtime import invocation
from neurograde.runtime.command import Parser, command
from neurograde.runtime.log import log


class JobFailed(NeurogradeError):
    """A Job has failed; its pod's exit code is passed on."""


def declare(parser: Parser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", help="what jobs.grid wrote: k8s")
    parser.add_argument("--context", help="kubectl's context")
    parser.add_argument("--every", type=float, default=10.0, metavar="SECONDS", help="how often to ask (10)")


@command(declare)
def cluster(arguments: argparse.Namespace) -> int | None:
    """Apply each step and wait for its Jobs."""
    kubectl = ["kubectl", *(["--context", arguments.context] if arguments.context else [])]
    if shutil.which("kubectl") is None:
        raise UsageError("kubectl is not installed, or not on the PATH")
    try:
        for step in steps(Path(arguments.folder)):
            apply(kubectl, step)
            wait(kubectl, jobs_of(step), arguments.every)
    except KeyboardInterrupt:
        log.info("interrupted: the cluster goes on; run the same command to wait again")
        return Stopped.exit_code
    return None


def steps(root: Path) -> Iterator[list[Path]]:
    """The files to apply together, step after step: numbered files of a folder follow the others, one by one."""
    for folder in ("base", "chain", "grid", "after"):
        files = sorted((root / folder).glob("*.yaml"))
        if not files:
            raise UsageError(f"{root / folder}: no manifests; {invocation.shown('grid', 'SPECS')} renders them")
        numbered = [each for each in files if each.name[0].isdigit()]
        yield [each for each in files if each not in numbered]
        yield from ([each] for each in numbered)


def jobs_of(files: Sequence[Path]) -> dict[str, str]:
    """Namespaces of the Jobs in the files, by name."""
    objects = [each for path in files for each in yaml.safe_load_all(path.read_text())]
    return {each["metadata"]["name"]: each["metadata"]["namespace"] for each in objects if each["kind"] == "Job"}


def apply(kubectl: Sequence[str], files: Sequence[Path]) -> None:
    """Apply the files; kubectl's own words go to the log."""
    said = called([*kubectl, "apply", *(word for path in files for word in ("-f", str(path)))])
    for line in said.splitlines():
        log.info(line)


def wait(kubectl: Sequence[str], names: Mapping[str, str], every_seconds: float) -> None:
    """Wait until every Job is complete.

    A Job with a failed index never is, so `kubectl wait --for=condition=complete` would wait for ever: both ends are
    asked for.

    Raises:
        JobFailed: one has failed, and no other is still at work.
    """
    before = ""
    while names:
        namespace = next(iter(names.values()))
        found = json.loads(called([*kubectl, "get", "jobs", "--namespace", namespace, "--output", "json"]))["items"]
        ours = {each["metadata"]["name"]: each for each in found if each["metadata"]["name"] in names}
        ended = {name: _end(job) for name, job in ours.items()}
        now = f"{sum(end == 'Complete' for end in ended.values())} of {len(names)} Jobs complete"
        if now != before:
            log.info(before := now)
        if len(ours) == len(names) and all(ended.values()):
            failed = [job for name, job in ours.items() if ended[name] == "Failed"]
            if not failed:
                return
            raise _why(kubectl, failed)
        time.sleep(every_seconds)


def called(command: Sequence[str]) -> str:
    """What a command prints.

    Raises:
        StoreUnavailable: it failed; its own words say why.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - kubectl, as it is called
    if done.returncode:
        raise StoreUnavailable(f"{' '.join(command)}: {' '.join(done.stderr.split())}")
    return done.stdout


def _end(job: Mapping[str, Any]) -> str | None:
    conditions = job.get("status", {}).get("conditions") or []
    return next(
        (each["type"] for each in conditions if each["type"] in ("Complete", "Failed") and each["status"] == "True"),
        None,
    )


def _why(kubectl: Sequence[str], failed: Sequence[Mapping[str, Any]]) -> JobFailed:
    """What the failed Jobs' pods said last, one line for each Job."""
    lines, code = [], 1
    for job in failed:
        name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
        select = f"batch.kubernetes.io/job-name={name}"
        pods = json.loads(
            called([*kubectl, "get", "pods", "--namespace", namespace, "--selector", select, "--output", "json"])
        )
        ends = [
            state["terminated"]
            for pod in pods["items"]
            for container in pod.get("status", {}).get("containerStatuses") or []
            if "terminated" in (state := container.get("state", {})) and state["terminated"]["exitCode"]
        ]
        code = ends[-1]["exitCode"] if ends else code
        words = ends[-1].get("message", "") if ends else "no pod is left to ask"
        indexes = job["status"].get("failedIndexes")
        lines.append(f"{name} failed{f', indexes {indexes}' if indexes else ''}: {words}")
    error = JobFailed("\n".join(lines))
    error.exit_code = code
    return error


if __name__ == "__main__":
    sys.exit(cluster.main())
