"""The objects of k8s/queue/, applied once by hand where Kueue runs: flavours of nodes, one queue, and its quota.

For Kueue 0.19.1 or newer (or the 0.18 that frees the quota of failed indexes), API v1beta2. Every resource that a pod
asks for is covered, or its Job would never be admitted.
"""

from __future__ import annotations

from neurograde.cluster.job import BOARDS, Manifest, Placement
from neurograde.cluster.profiles import SPOT, Profile

API = "kueue.x-k8s.io/v1beta2"
OTHER_PODS = 32
"""Pods without a board that the queue admits at once."""


def flavors() -> list[Manifest]:
    """Return the two kinds of nodes: spot, for pods that tolerate it and ask for it, and all others."""
    taints = [{"key": key, "value": value, "effect": "NoSchedule"} for key, value in SPOT.items()]
    return [
        _object("ResourceFlavor", "spot", {"nodeLabels": dict(SPOT), "nodeTaints": taints}),
        _object("ResourceFlavor", "on-demand", {}),
    ]


def cluster_queue(placement: Placement, profile: Profile, boards: int) -> Manifest:
    """Return the queue that holds the quota: `boards` and their pods, on the kind of nodes that the profile uses."""
    on_spot = SPOT.items() <= profile.training.selector.items()
    room = {
        "cpu": str(boards * profile.training.cpu + OTHER_PODS * profile.other.cpu),
        "memory": f"{boards * profile.training.memory_gib + OTHER_PODS * profile.other.memory_gib}Gi",
        "ephemeral-storage": f"{boards * profile.training.disk_gib + OTHER_PODS * profile.other.disk_gib}Gi",
        BOARDS: str(boards),
    }
    group = {
        "coveredResources": list(room),
        "flavors": [
            {
                "name": name,
                "resources": [
                    {"name": resource, "nominalQuota": amount if used else "0"} for resource, amount in room.items()
                ],
            }
            for name, used in (("spot", on_spot), ("on-demand", not on_spot))
        ],
    }
    namespaces = {"matchLabels": {"kubernetes.io/metadata.name": placement.namespace}}
    spec = {"namespaceSelector": namespaces, "queueingStrategy": "BestEffortFIFO", "resourceGroups": [group]}
    return _object("ClusterQueue", placement.queue, spec)


def local_queue(placement: Placement) -> Manifest:
    """Return the namespace's way into the queue, of the name that every Job carries as a label."""
    queue = _object("LocalQueue", placement.queue, {"clusterQueue": placement.queue})
    queue["metadata"]["namespace"] = placement.namespace
    return queue


def _object(kind: str, name: str, spec: Manifest) -> Manifest:
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name}, "spec": spec}
