"""Rules that schemas of Kubernetes miss: fields that are each right and together wrong, names, quantities, keys.

A validator of schemas passes a Job whose policy the cluster refuses, and one whose policy never fits. Each rule here
is a function that yields the mistakes of one object; `RULES` lists them all.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from neurograde.cluster.kueue import API as KUEUE
from neurograde.runtime import strict_yaml
from neurograde.runtime.strict_yaml import StrictLoader

Manifest = Mapping[str, Any]
KINDS = {
    ("v1", "Namespace"),
    ("v1", "ServiceAccount"),
    ("v1", "ResourceQuota"),
    ("v1", "ConfigMap"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("batch/v1", "Job"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    *((KUEUE, kind) for kind in ("ResourceFlavor", "ClusterQueue", "LocalQueue")),
}
"""The kinds of objects that the suite applies; anything else is a slip."""
LABEL_LENGTH = 63
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_QUANTITY = re.compile(r"(\d+|\d+\.\d+)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?")
_UNITS = {None: Decimal(1), "m": Decimal("0.001"), "k": Decimal(1000)} | {
    f"{letter}{suffix}": Decimal(base) ** power
    for suffix, base in (("", 1000), ("i", 1024))
    for power, letter in enumerate("KMGTP", start=1)
}


def lint(text: str) -> list[str]:
    """Return the mistakes of a file of manifests, by kind and name of the object."""
    try:
        objects = [item for item in yaml.load_all(text, StrictLoader) if item is not None]
    except yaml.YAMLError as error:
        return [f"not valid YAML: {strict_yaml.reason(error)}"]
    mistakes = []
    for item in objects:
        if not isinstance(item, dict):
            mistakes.append(f"{item!r} is no object")
            continue
        where = f"{item.get('kind')} {_get(item, 'metadata', 'name')}"
        rules = (*RULES, *JOB_RULES) if item.get("kind") == "Job" else RULES
        mistakes += [f"{where}: {mistake}" for rule in rules for mistake in rule(item)]
    return mistakes


def known_kind(thing: Manifest) -> Iterator[str]:
    """Refuse an apiVersion that validators do not know, and only warn of."""
    pair = thing.get("apiVersion"), thing.get("kind")
    if pair not in KINDS:
        yield f"{pair[0]}/{pair[1]} is not among {', '.join(sorted('/'.join(kind) for kind in KINDS))}"


def name(thing: Manifest) -> Iterator[str]:
    """Require a name that is a DNS label; generateName would make a new object at every apply."""
    metadata = thing.get("metadata") or {}
    if "generateName" in metadata:
        yield "generateName: kubectl apply needs a name"
    if not _NAME.fullmatch(str(metadata.get("name", ""))):
        yield f"name {metadata.get('name')!r} is no DNS label: a-z, 0-9 and dashes, at most {LABEL_LENGTH}"


def labels(thing: Manifest) -> Iterator[str]:
    """Labels are short and plain, those of the pods too."""
    own, of_pods = _get(thing, "metadata", "labels"), _get(thing, "spec", "template", "metadata", "labels")
    for key, value in [*(own or {}).items(), *(of_pods or {}).items()]:
        if not (_LABEL.fullmatch(str(value)) and _LABEL.fullmatch(str(key).rpartition("/")[2])):
            yield f"label {key}: {value!r}: letters, digits, dashes, dots, underscores, at most {LABEL_LENGTH}"


def host_name(job: Manifest) -> Iterator[str]:
    """Require that a pod's name, of its Job and index, is a DNS label too."""
    own, completions = _get(job, "metadata", "name"), _get(job, "spec", "completions") or 1
    if len(f"{own}-{completions - 1}") > LABEL_LENGTH:
        yield f"name {own!r} is too long: with an index, a pod's host name has at most {LABEL_LENGTH} letters"


def quantities(job: Manifest) -> Iterator[str]:
    """Every amount can be read."""
    amounts = {
        f"container {container.get('name')}: {field}.{resource}": amount
        for container in _containers(job)
        for field in ("limits", "requests")
        for resource, amount in (_get(container, "resources", field) or {}).items()
    }
    amounts |= {
        f"volume {volume.get('name')}: sizeLimit": volume["emptyDir"].get("sizeLimit") for volume in _empty_dirs(job)
    }
    for where, amount in amounts.items():
        if quantity(amount) is None:
            yield f"{where}: {amount!r} is no quantity, such as 500m or 4Gi"


def requests(job: Manifest) -> Iterator[str]:
    """Nothing asks for more than its limit, a board is asked for as it is limited, and memory and disk have limits."""
    for container in _containers(job):
        where = f"container {container.get('name')}"
        limits, requested = (_get(container, "resources", field) or {} for field in ("limits", "requests"))
        for resource in ("memory", "ephemeral-storage"):
            if resource not in limits:
                yield f"{where}: limits.{resource} is not given"
        for resource in requested.keys() & limits.keys():
            most, wanted = quantity(limits[resource]), quantity(requested[resource])
            if most is None or wanted is None:
                continue  # `quantities` says so
            if wanted > most:
                yield f"{where}: requests.{resource} {requested[resource]} is more than its limit {limits[resource]}"
            elif wanted < most and resource.startswith("nvidia.com/"):
                yield f"{where}: {resource}: request and limit of a board must be equal"


def volumes(job: Manifest) -> Iterator[str]:
    """Require a disk that holds all volumes at their largest, and a volume for every mount."""
    sizes = [quantity(volume["emptyDir"].get("sizeLimit")) for volume in _empty_dirs(job)]
    grown = sum((size for size in sizes if size is not None), Decimal(0))
    known = {volume.get("name") for volume in _pod(job).get("volumes") or []}
    for container in _containers(job):
        where = f"container {container.get('name')}"
        disk = quantity(_get(container, "resources", "limits", "ephemeral-storage"))
        if disk is not None and grown > disk:
            yield f"{where}: volumes may grow to {grown} bytes, the limit of ephemeral-storage is {disk}"
        for mount in container.get("volumeMounts") or []:
            if mount.get("name") not in known:
                yield f"{where}: mounts {mount.get('name')!r}, which is none of the pod's volumes"


def failure_policy(job: Manifest) -> Iterator[str]:
    """Require Never, Failed, Indexed and a limit by index, without which a podFailurePolicy does not work."""
    spec = job.get("spec") or {}
    if not _get(spec, "podFailurePolicy", "rules"):
        yield "podFailurePolicy: without rules every preemption counts as a failure"
    if _pod(job).get("restartPolicy") != "Never":
        yield f"restartPolicy {_pod(job).get('restartPolicy')!r}: a podFailurePolicy needs Never"
    if spec.get("podReplacementPolicy") != "Failed":
        yield f"podReplacementPolicy {spec.get('podReplacementPolicy')!r}: a podFailurePolicy needs Failed"
    if spec.get("completionMode") != "Indexed" or "backoffLimitPerIndex" not in spec:
        yield "completionMode Indexed and backoffLimitPerIndex: FailIndex and maxFailedIndexes need both"


def failure_rules(job: Manifest) -> Iterator[str]:
    """Rules name a container of the pod, decide each exit code once, and give conditions a status."""
    known = {container.get("name") for container in _containers(job)}
    decided: dict[int, int] = {}
    for number, rule in enumerate(_get(job, "spec", "podFailurePolicy", "rules") or []):
        where = f"podFailurePolicy.rules[{number}]"
        codes = rule.get("onExitCodes") or {}
        if codes and codes.get("containerName") not in known:
            yield f"{where}: containerName {codes.get('containerName')!r} is none of the pod's"
        for code in codes.get("values") or []:
            if not 0 < code < 256:
                yield f"{where}: {code} is no exit code of a failure, 1 to 255"
            if decided.setdefault(code, number) != number:
                yield f"{where}: exit code {code} is decided by rules[{decided[code]}] already"
        for condition in rule.get("onPodConditions") or []:
            if "status" not in condition:
                yield f"{where}: condition {condition.get('type')} has no status"


def counts(job: Manifest) -> Iterator[str]:
    """Indexes add up, and no deadline kills a grid that is only slow or suspended."""
    spec = job.get("spec") or {}
    for field in ("parallelism", "maxFailedIndexes"):
        if spec.get(field, 0) > spec.get("completions", 1):
            yield f"{field} {spec[field]} is more than completions {spec.get('completions', 1)}"
    if "activeDeadlineSeconds" in spec:
        yield "activeDeadlineSeconds: it would kill the whole grid, and starts again when a Job is resumed"


def restricted(job: Manifest) -> Iterator[str]:
    """Pods keep to the restricted standard, talk to no cluster, and end within a spot node's grace."""
    pod = _pod(job)
    security = pod.get("securityContext") or {}
    if security.get("runAsNonRoot") is not True or not security.get("runAsUser"):
        yield "securityContext: runAsNonRoot and a user are needed"
    if _get(security, "seccompProfile", "type") != "RuntimeDefault":
        yield "securityContext: seccompProfile RuntimeDefault is needed"
    if pod.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken must be false: no pod talks to the cluster"
    if not 0 < pod.get("terminationGracePeriodSeconds", 30) <= 25:
        yield "terminationGracePeriodSeconds: 1 to 25, a spot node has no more"
    for container in _containers(job):
        where, own = f"container {container.get('name')}", container.get("securityContext") or {}
        if own.get("allowPrivilegeEscalation") is not False or _get(own, "capabilities", "drop") != ["ALL"]:
            yield f"{where}: allowPrivilegeEscalation false and capabilities dropped: ALL"
        if own.get("readOnlyRootFilesystem") is not True:
            yield f"{where}: readOnlyRootFilesystem true"


def image(job: Manifest) -> Iterator[str]:
    """Require an image by digest, so that all pods run the same bytes, or one that is never pulled."""
    for container in _containers(job):
        by_digest = re.search(r"@sha256:[0-9a-f]{64}$", str(container.get("image")))
        if not by_digest and container.get("imagePullPolicy") != "Never":
            yield f"container {container.get('name')}: image {container.get('image')!r}: name@sha256:... is accepted"


Rule = Callable[[Manifest], Iterator[str]]
RULES: tuple[Rule, ...] = (known_kind, name, labels)
"""The rules of every object."""
JOB_RULES: tuple[Rule, ...] = (
    host_name,
    quantities,
    requests,
    volumes,
    failure_policy,
    failure_rules,
    counts,
    restricted,
    image,
)
"""The further rules of Jobs."""


def quantity(text: object) -> Decimal | None:
    """Return the amount of a quantity, None for text that is not one.

    >>> quantity("1500m"), quantity("2Gi"), quantity("2GiB")
    (Decimal('1.500'), Decimal('2147483648'), None)
    """
    match = _QUANTITY.fullmatch(str(text))
    return Decimal(match[1]) * _UNITS[match[2]] if match else None


def _empty_dirs(job: Manifest) -> list[Manifest]:
    """Return the volumes on the node's disk."""
    volumes = _pod(job).get("volumes") or []
    return [volume for volume in volumes if "emptyDir" in volume and volume["emptyDir"].get("medium") != "Memory"]


def _containers(job: Manifest) -> list[Manifest]:
    return list(_pod(job).get("containers") or [])


def _pod(job: Manifest) -> Manifest:
    return _get(job, "spec", "template", "spec") or {}


def _get(thing: Any, *path: str) -> Any:
    for key in path:
        thing = thing.get(key) if isinstance(thing, Mapping) else None
    return thing


def main(paths: Sequence[str]) -> int:
    """Print the mistakes of the files; return 65 if there are any."""
    mistakes = [f"{path}: {mistake}" for path in paths for mistake in lint(Path(path).read_text())]
    print("\n".join(mistakes) or f"{len(paths)} files of manifests: no mistakes")
    return 65 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
