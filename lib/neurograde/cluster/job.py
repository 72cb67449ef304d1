"""One Indexed Job: the pods of a step, and what the cluster does about each of their exit codes.

Every job of the suite ends with an exit code of one contract (`neurograde.errors`), and every Job carries the same
policy, so that preemption costs nothing, a hopeless shard costs only itself, and a mistake that all pods share stops
the whole Job before a thousand of them repeat it. The shape follows Kubernetes 1.34; what schemas cannot see is held
by `neurograde.cluster.lint`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neurograde.cluster.profiles import Node
from neurograde.maths.digest import canonical_json, sha256_hex
from neurograde.runtime.cache import CACHE_LIMIT
from neurograde.runtime.exits import LAST_WORDS
from neurograde.runtime.grid import ROW

Manifest = dict[str, Any]
CONTAINER = "neurograde"
USER = 65532
GRACE_SECONDS = 25  # of which a spot node leaves about 15
KEPT_SECONDS = 7 * 24 * 3600  # a finished Job, for whoever wants to read its pods
RETRIES = 3  # of an index, for exits that are neither free nor hopeless
STOP_JOB, STOP_INDEX, ASKED_TO_STOP = (64, 66, 73, 77, 78), (65, 80, 81), (75,)
GPU_OR_NOTHING = ("--set", "device=cuda")
"""Arguments of a pod that asks for a board: without a usable one it ends, and never computes on its CPU in silence."""
NAME_LENGTH = 48  # and nine for the digest: a pod's host name adds an index, and 63 is the limit
SCRATCH_GIB = 2
"""Local disk behind /tmp of a step that downloads at most one file of weights."""


@dataclass(frozen=True)
class Placement:
    """Where a study runs, as the command line has it."""

    image: str
    """The image, by digest."""
    namespace: str
    """Namespace of all objects."""
    queue: str
    """Kueue's queue; nothing without Kueue."""


@dataclass(frozen=True)
class Step:
    """What the pods of one Job do."""

    job: str
    """The entrypoint, `jobs/<job>.py`."""
    name: str
    """Says which one of its kind: `resnet18-extension2`."""
    spec: str
    """File of the spec in the ConfigMap."""
    node: Node
    """Where it runs."""
    memory_gib: int
    """Memory that a pod asks for and may use."""
    cache_gib: float = 0.0
    """Local disk for arrays that are computed or packed once."""
    scratch_gib: int = SCRATCH_GIB
    """Local disk behind /tmp: weights on their way to the GPU, and what libraries leave there."""
    completions: int = 1
    """Pods that must succeed: shards."""
    parallelism: int = 1
    """Most of them at once."""
    row: str | None = None
    """The row of the grid that its indexes count."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels."""


def indexed_job(step: Step, placement: Placement, specs: str) -> Manifest:
    """The Job of a step; `specs` is the name of the ConfigMap that holds its spec.

    A Job's pods cannot be changed once it exists, so its name ends in a digest of all the rest: another image,
    spec or shape is another Job, which finds in the store what is done.
    """
    labels = {
        "app.kubernetes.io/name": "neurograde",
        "app.kubernetes.io/component": step.job,
        **step.labels,
    }
    body = {
        "spec": {
            "completionMode": "Indexed",
            "completions": step.completions,
            "parallelism": min(step.parallelism, step.completions),
            "backoffLimitPerIndex": RETRIES,
            "maxFailedIndexes": -(-step.completions // 10),
            "podReplacementPolicy": "Failed",
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "podFailurePolicy": {"rules": _rules()},
            "template": {"metadata": {"labels": labels}, "spec": _pod(step, placement, specs)},
        }
    }
    name = f"{step.job}-{object_name(step.name)}"
    digest = sha256_hex(canonical_json(body))[:8]
    metadata = {
        "name": f"{name[:NAME_LENGTH].rstrip('-')}-{digest}",
        "namespace": placement.namespace,
        "labels": {**labels, "kueue.x-k8s.io/queue-name": placement.queue},
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, **body}


def object_name(text: str) -> str:
    """`text` as Kubernetes takes it in a name.

    >>> object_name("inception_v3-extension2")
    'inception-v3-extension2'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _rules() -> list[Manifest]:
    """The first that fits decides; what fits none (69, 1, 137, 139, 143) is a counted retry."""
    disrupted = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    by_code = {"Ignore": ASKED_TO_STOP, "FailJob": STOP_JOB, "FailIndex": STOP_INDEX}
    return [disrupted, *(_by_exit_code(action, codes) for action, codes in by_code.items())]


def _by_exit_code(action: str, codes: Sequence[int]) -> Manifest:
    return {"action": action, "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": list(codes)}}


def _pod(step: Step, placement: Placement, specs: str) -> Manifest:
    pod: Manifest = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "serviceAccountName": "neurograde",
        "automountServiceAccountToken": False,  # Workload Identity asks the metadata server, not this token
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(step, placement)],
        "volumes": [
            {"name": "specs", "configMap": {"name": specs}},
            {"name": "tmp", "emptyDir": {"sizeLimit": f"{step.scratch_gib}Gi"}},
            {"name": "cache", "emptyDir": {"sizeLimit": f"{_cache_gib(step)}Gi"}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}},
        ],
    }
    if step.node.selector:
        pod["nodeSelector"] = dict(step.node.selector)
    if step.node.tolerated:
        pod["tolerations"] = [
            {"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"}
            if value
            else {"key": key, "operator": "Exists", "effect": "NoSchedule"}
            for key, value in step.node.tolerated.items()
        ]
    return pod


def _container(step: Step, placement: Placement) -> Manifest:
    variables = {"PYTHONUNBUFFERED": "1", "NEUROGRADE_CACHE": "/cache", LAST_WORDS: "/dev/termination-log"}
    variables[CACHE_LIMIT] = str(math.ceil(step.cache_gib))
    if step.row is not None:
        variables[ROW] = step.row
    facts = {
        "JOB_NAME": "metadata.labels['batch.kubernetes.io/job-name']",
        "NODE_NAME": "spec.nodeName",
        "POD_UID": "metadata.uid",
    }
    return {
        "name": CONTAINER,
        "image": placement.image,
        "args": [f"jobs.{step.job}", f"/specs/{step.spec}", *(GPU_OR_NOTHING if step.node.gpu else ())],
        "env": [
            *({"name": name, "value": value} for name, value in variables.items()),
            *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in facts.items()),
        ],
        "resources": {"requests": _resources(step), "limits": _resources(step)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePath": "/dev/termination-log",
        "volumeMounts": [
            {"name": "specs", "mountPath": "/specs", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir of the pod's own
            {"name": "cache", "mountPath": "/cache"},
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - the same, in memory
        ],
    }


def _resources(step: Step) -> dict[str, str]:
    """Asked for and at most, alike: who uses more than was asked is evicted at the worst moment."""
    asked = {
        "cpu": str(step.node.cpu),
        "memory": f"{step.memory_gib}Gi",
        "ephemeral-storage": f"{disk_gib(step)}Gi",
    }
    return asked if step.node.gpu is None else {**asked, "nvidia.com/gpu": "1"}


def disk_gib(step: Step) -> int:
    """Return the local disk that a pod of the step asks for: cache, scratch, and one GiB for logs."""
    return _cache_gib(step) + step.scratch_gib + 1


def _cache_gib(step: Step) -> int:
    return math.ceil(step.cache_gib) + 1  # one for the file that is being replaced
