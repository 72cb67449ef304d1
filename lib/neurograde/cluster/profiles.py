"""The kinds of cluster: the room that a node of each kind gives a pod, and how a pod asks for such a node."""

from __future__ import annotations

from collections.abc import Mapping

from neurograde.specs.base import Model

Labels = Mapping[str, str]
NONE: Labels = {}
SPOT = {"cloud.google.com/gke-spot": "true"}
STORE_NAMESPACE, STORE_PORT = "neurograde-store", 9000
"""Namespace and port of the store that the profile `local` runs inside the cluster."""


class Node(Model):
    """A kind of node, as one pod sees it."""

    cpu: int
    """Cores that a pod asks for and may use."""
    memory_gib: int
    """Most memory that a pod can get there: the machine's, less the system's share."""
    disk_gib: int
    """Most local disk that a pod can get there: the boot disk's, less the system's share."""
    selector: Labels = NONE
    """Labels that the node must have."""
    tolerated: Labels = NONE
    """Taints of effect NoSchedule that it has; an empty value tolerates every one of that key."""
    gpu: str | None = None
    """The board, by a name that the table of boards knows; None without one."""
    gpu_memory_gib: int | None = None
    """Memory of the board."""
    variables: Labels = NONE
    """Environment variables of pods there."""


class Profile(Model):
    """A kind of cluster."""

    name: str
    """Name on the command line: `--profile`."""
    training: Node
    """The node for features and training."""
    other: Node
    """The node for all other jobs."""
    parallelism: int
    """Most pods of a Job at once."""
    store_inside: bool = False
    """True if base/ brings a store into the cluster: no account and no bucket are needed."""


def _gke_spot(name: str, *, accelerator: str, gpu: str, gpu_memory_gib: int, cpu: int, memory_gib: int) -> Profile:
    training = Node(
        cpu=cpu,
        memory_gib=memory_gib,
        disk_gib=92,  # GKE keeps 6 GiB and 35 % of a disk, and evicts below 10 %: of 200 GB it leaves 93 GiB
        selector={**SPOT, "cloud.google.com/gke-accelerator": accelerator},
        tolerated={**SPOT, "nvidia.com/gpu": ""},
        gpu=gpu,
        gpu_memory_gib=gpu_memory_gib,
    )
    other = Node(cpu=3, memory_gib=12, disk_gib=43, selector=SPOT, tolerated=SPOT)  # e2-standard-4, 100 GB: 43.8 GiB
    return Profile(name=name, training=training, other=other, parallelism=8)


_ANY = Node(cpu=2, memory_gib=14, disk_gib=92)
_LOCAL = Node(
    cpu=1,
    memory_gib=8,
    disk_gib=30,
    variables={
        "AWS_ENDPOINT_URL_S3": f"http://store.{STORE_NAMESPACE}.svc:{STORE_PORT}",
        "AWS_ACCESS_KEY_ID": "neurograde",
        "AWS_SECRET_ACCESS_KEY": "neurograde",
        "AWS_DEFAULT_REGION": "us-east-1",
    },
)
PROFILES = {
    profile.name: profile
    for profile in (
        # n1-standard-8 with one board, and g2-standard-8: GKE leaves pods of 30 and 32 GB this, rounded down
        _gke_spot("gke-spot-t4", accelerator="nvidia-tesla-t4", gpu="T4", gpu_memory_gib=15, cpu=6, memory_gib=24),
        _gke_spot("gke-spot-l4", accelerator="nvidia-l4", gpu="L4", gpu_memory_gib=22, cpu=6, memory_gib=26),
        Profile(name="cpu", training=_ANY, other=_ANY, parallelism=4),
        Profile(name="local", training=_LOCAL, other=_LOCAL, parallelism=1, store_inside=True),
    )
}
"""Every profile by name."""
