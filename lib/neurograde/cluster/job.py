"""One Indexed Job: the pods of a step, and the reaction of the cluster to each of their exit codes.

Every job of the suite ends with an exit code of one contract (`neurograde.errors`), and every Job carries the same
policy: preemption costs nothing, a hopeless shard costs only itself, and a mistake that all pods share stops the whole
Job before a thousand of them repeat it. The shape follows Kubernetes 1.34; rules that schemas cannot express are held
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
from neurograde.runtime.cuda import LEAST_DRIVER
from neurograde.runtime.exits import LAST_WORDS
from neurograde.runtime.grid import ROW
from neurograde.storage.edge import PATIENCE_SECONDS

Manifest = dict[str, Any]
CONTAINER = "neurograde"
USER = 65532
GRACE_SECONDS = 25
"""Time from SIGTERM to SIGKILL; a spot node leaves about 15 s of it."""
OUTAGE_SECONDS = 600
"""Outage of the store that a pod outwaits: the cluster's four counted tries are over in about 76 s."""
KEPT_SECONDS = 7 * 24 * 3600
"""Time that a finished Job stays, with its pods, for whoever wants to read them."""
RETRIES = 3
"""Retries of an index after exits that are neither free nor hopeless."""
STOP_JOB, STOP_INDEX, ASKED_TO_STOP = (64, 66, 73, 77, 78), (65, 81), (75,)
"""Exit codes that all pods would repeat; that one index would repeat; that cost no retry."""
SCRATCH_GIB = 2
"""Local disk behind /tmp of a step that downloads at most one file of weights."""
GPU_OR_NOTHING = ("--set", "device=cuda")
"""Arguments of a pod that asks for a board: without a usable one it ends, and never computes on its CPU in silence."""
NAME_LENGTH = 48
"""Most characters of a name before its digest: a pod's host name adds nine and an index, and 63 is the limit."""
QUEUE, LEAST_PODS = "kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/job-min-parallelism"
"""Kueue's label, and its annotation that admits a Job with fewer pods at once than it asks for."""
BOARDS = "nvidia.com/gpu"
"""The resource of which a pod asks for one board."""
PLACEHOLDER = f"registry.example/neurograde@sha256:{'0' * 64}"
"""The image of the committed manifests: a name that no registry has."""
DRIVER = "neurograde/least-driver"
"""Annotation beside the image's digest: the oldest NVIDIA driver that the image runs with."""


@dataclass(frozen=True)
class Placement:
    """The image, the names and the options of a study's objects."""

    image: str
    """The image, by digest."""
    namespace: str
    """Namespace of all objects."""
    queue: str
    """Kueue's queue; empty without Kueue."""
    user_namespaces: bool = False
    """True to map the pods' users to ones without rights on the node (`hostUsers: false`; GA in Kubernetes 1.36)."""
    from_node: bool = False
    """True for an image that was loaded onto the nodes, as into kind's, and is never pulled."""


@dataclass(frozen=True)
class Step:
    """The work of one Job and the needs of its pods."""

    job: str
    """The entrypoint, `jobs/<job>.py`."""
    name: str
    """Name that distinguishes it from others of its job: `resnet18-extension2`."""
    spec: str
    """File of the spec in the ConfigMap."""
    node: Node
    """Kind of node that it runs on."""
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
    """Row of the grid that its indexes count."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Further labels."""


def indexed_job(step: Step, placement: Placement, specs: str) -> Manifest:
    """Return the Job of a step; `specs` is the name of the ConfigMap that holds its spec.

    A Job's pods cannot be changed once it exists, so its name ends in a digest of all the rest: another image,
    spec or shape is another Job, which finds finished work in the store.
    """
    labels = {
        "app.kubernetes.io/name": "neurograde",
        "app.kubernetes.io/component": step.job,
        **step.labels,
    }
    parallelism = min(step.parallelism, step.completions)
    body = {
        "spec": {
            "completionMode": "Indexed",
            "completions": step.completions,
            "parallelism": parallelism,
            "backoffLimitPerIndex": RETRIES,
            "maxFailedIndexes": math.ceil(step.completions / 10),  # a breaker: more of them are no accident
            "podReplacementPolicy": "Failed",
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "podFailurePolicy": {"rules": _rules()},
            "template": {"metadata": _pod_metadata(step, labels), "spec": _pod(step, placement, specs)},
        }
    }
    name = f"{step.job}-{object_name(step.name)}"
    digest = sha256_hex(canonical_json(body))[:8]
    metadata: Manifest = {
        "name": f"{name[:NAME_LENGTH].rstrip('-')}-{digest}",
        "namespace": placement.namespace,
        "labels": labels | ({QUEUE: placement.queue} if placement.queue else {}),
    }
    if placement.queue and parallelism > 1:  # Kueue refuses the annotation on a Job of one pod
        metadata["annotations"] = {LEAST_PODS: "1"}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, **body}


def object_name(text: str) -> str:
    """Return `text` in the form that Kubernetes accepts in a name.

    >>> object_name("inception_v3-extension2")
    'inception-v3-extension2'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def is_placeholder(image: str) -> bool:
    """Return True for an image whose digest is all zeros: nobody has pushed it."""
    return image.endswith(f"@sha256:{'0' * 64}")


def disk_gib(step: Step) -> int:
    """Return the local disk that a pod of the step asks for: cache, scratch, and one GiB for logs."""
    return _cache_gib(step) + step.scratch_gib + 1


def _cache_gib(step: Step) -> int:
    return math.ceil(step.cache_gib) + 1  # one for the file that is being replaced


def _rules() -> list[Manifest]:
    """Return the rules of the policy: the first that fits decides; an exit without one (69, 1, 137) is retried."""
    disrupted = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    by_code = {"Ignore": ASKED_TO_STOP, "FailJob": STOP_JOB, "FailIndex": STOP_INDEX}
    return [disrupted, *(_by_exit_code(action, codes) for action, codes in by_code.items())]


def _by_exit_code(action: str, codes: Sequence[int]) -> Manifest:
    return {"action": action, "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": list(codes)}}


def _pod_metadata(step: Step, labels: Mapping[str, str]) -> Manifest:
    metadata: Manifest = {"labels": dict(labels)}
    return metadata | ({"annotations": {DRIVER: LEAST_DRIVER}} if step.node.gpu else {})


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
    if placement.user_namespaces:
        pod["hostUsers"] = False
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
    variables[PATIENCE_SECONDS] = str(OUTAGE_SECONDS)
    variables[CACHE_LIMIT] = str(math.ceil(step.cache_gib))
    variables |= step.node.variables
    if step.row is not None:
        variables[ROW] = step.row
    facts = {
        "JOB_NAME": "metadata.labels['batch.kubernetes.io/job-name']",
        "NODE_NAME": "spec.nodeName",
        "POD_UID": "metadata.uid",
        "NODE_REGION": "metadata.labels['topology.kubernetes.io/region']",  # from Kubernetes 1.35 on; empty before
        "NODE_ZONE": "metadata.labels['topology.kubernetes.io/zone']",
    }
    return {
        "name": CONTAINER,
        "image": placement.image,
        **({"imagePullPolicy": "Never"} if placement.from_node else {}),
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
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir of the pod
            {"name": "cache", "mountPath": "/cache"},
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - the same, in memory
        ],
    }


def _resources(step: Step) -> dict[str, str]:
    """Return requests and limits, which are alike: a pod that uses more than it asked for is evicted."""
    amounts = {
        "cpu": str(step.node.cpu),
        "memory": f"{step.memory_gib}Gi",
        "ephemeral-storage": f"{disk_gib(step)}Gi",
    }
    return amounts if step.node.gpu is None else {**amounts, BOARDS: "1"}
