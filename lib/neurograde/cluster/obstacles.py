"""Why a Job's pods do not start: no node takes them, no container starts, the quota is used up, or it is paused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from neurograde.cluster.kubectl import Kubectl
from neurograde.cluster.observed import JOB_NAME, ObservedJob, ObservedPod

PULLING = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
"""Reasons of a container whose image cannot be had; the kubelet goes back and forth between the first two."""
HARMLESS = ("ContainerCreating", "PodInitializing", "")
SHOWN = 300


def obstacle(kubectl: Kubectl, job: ObservedJob) -> str | None:
    """Return why pods of a Job wait, in one line that stays the same while the reason does; None without a reason."""
    if job.suspended:
        return (
            f"{job.name} is suspended: by a person, or it waits for Kueue; "
            f"kubectl --namespace {job.namespace} get workloads"
        )
    pods = [
        ObservedPod.of(item) for item in kubectl.items("pods", job.namespace, "--selector", f"{JOB_NAME}={job.name}")
    ]
    warnings = kubectl.items("events", job.namespace, "--field-selector", "type=Warning")
    reasons = [reason for pod in pods if (reason := _of_pod(pod, warnings)) is not None]
    if not reasons and job.active < 1:
        reasons = [text for text in (_refused(job, warnings),) if text is not None]
    if not reasons:
        return None
    most = max(sorted(set(reasons)), key=reasons.count)
    return f"{job.name}: {len(reasons)} of its pods cannot start: {most}" if pods else f"{job.name}: {most}"


def _of_pod(pod: ObservedPod, warnings: Sequence[Mapping[str, Any]]) -> str | None:
    if pod.exit_code is not None or pod.running:
        return None
    if pod.unschedulable:
        return f"no node takes it: {_cut(pod.unschedulable)}"
    reason, message = pod.waiting
    if reason in PULLING:
        return f"the image cannot be pulled: {_cut(message.rpartition('ErrImagePull: ')[2]) if message else reason}"
    if reason not in HARMLESS:
        return f"{reason}: {_cut(message)}"
    mounts = [event for event in _about(pod.name, warnings) if event.get("reason") == "FailedMount"]
    return _cut(mounts[-1]["message"]) if mounts else None


def _refused(job: ObservedJob, warnings: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the API server's reason for refusing the Job's pods: quota, or pod security."""
    events = [event for event in _about(job.name, warnings) if event.get("reason") == "FailedCreate"]
    if not events:
        return None
    return _cut(re.sub(r'pods "[^"]*"', "its pods", events[-1]["message"]))  # each event names another pod


def _about(name: str, events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [event for event in events if event["involvedObject"].get("name") == name]


def _cut(text: str) -> str:
    """Return `text` in one line, without the counts that change as nodes come and go."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}..."
