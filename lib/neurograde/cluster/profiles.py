"""Where pods run: what a node of each kind offers a pod, and how a pod asks for it."""

from __future__ import annotations

from collections.abc import Mapping

from neurograde.specs.base import Model

Labels = Mapping[str, str]
NONE: Labels = {}
SPOT = {"cloud.google.com/gke-spot": "true"}


class Node(Model):
    """A kind of node, as one pod sees it."""

    cpu: int
    """Cores that a pod asks for and may use."""
    memory_gib: int
    """Most memory that a pod can get there: the machine's, less what the system keeps."""
    disk_gib: int
    """Most local disk that a pod can get there: the boot disk's, less what the system keeps."""
    selector: Labels = NONE
    """Labels that the node must have."""
    tolerated: Labels = NONE
    """Taints of effect NoSchedule that it has; an empty value tolerates every one of that key."""
    gpu: str | None = None
    """The board, by a name that the table of thermal design powers knows."""
    gpu_memory_gib: int | None = None
    """Memory of the board."""


class Profile(Model):
    """A kind of cluster."""

    name: str
    """How `--profile` calls it."""
    training: Node
    """Where features are computed and sessions are trained."""
    other: Node
    """Where everything else runs."""
    parallelism: int
    """Most pods of a Job at once."""


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
PROFILES = {
    each.name: each
    for each in (
        # n1-standard-8 with one board, and g2-standard-8: what GKE leaves to pods of 30 and 32 GB, rounded down
        _gke_spot("gke-spot-t4", accelerator="nvidia-tesla-t4", gpu="T4", gpu_memory_gib=15, cpu=6, memory_gib=24),
        _gke_spot("gke-spot-l4", accelerator="nvidia-l4", gpu="L4", gpu_memory_gib=22, cpu=6, memory_gib=26),
        Profile(name="cpu", training=_ANY, other=_ANY, parallelism=4),
    )
}
"""Every profile by name."""
