"""The needs of a step, and the refusal of a step that no node of the profile can hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from neurograde.cluster.job import SCRATCH_GIB, Step, disk_gib
from neurograde.cluster.profiles import Profile
from neurograde.errors import SpecError
from neurograde.maths.grid_plan import Size
from neurograde.runtime.checkpoint_cost import CheckpointCost, ShardMemory
from neurograde.runtime.cuda import check_board
from neurograde.specs.catalogue import BY_NAME
from neurograde.specs.records import Shard
from neurograde.specs.train import TrainSpec

GIB = 2**30
GPU_GIB = 3
"""Memory of the board for CUDA's context, the trunk and a batch."""
TRAINING_GIB = 6
"""Memory for Python, torch, CUDA's context and a batch; patches and features are mapped, and make room on demand."""
PLAIN_GIB = 8
"""Memory of a job that holds some images, or one network, at a time."""
EVALUATION_CACHE_GIB = 8.0
"""Cache of a job that packs the patches of one subset."""
SLIDES_GIB = 20
"""Scratch of a job that copies a slide of a bucket to the local disk while it is cut."""


@dataclass(frozen=True)
class Sizes:
    """The sizes that only torch knows; a seam, since this room does without torch."""

    shard_memory: Callable[[TrainSpec, Shard], ShardMemory]
    """Memory of a shard's sessions."""
    weights_bytes: Callable[[TrainSpec], int]
    """Bytes of all files of weights that a grid names."""
    checkpoints: Callable[[TrainSpec], CheckpointCost]
    """Cost of the checkpoints of a whole grid."""
    networks: Callable[[TrainSpec], Sequence[Size]]
    """Size of the network of each row, in the order of the rows."""


@dataclass(frozen=True)
class Needs:
    """Memory and local disk that a pod asks for."""

    memory_gib: int = PLAIN_GIB
    cache_gib: float = 0.0
    scratch_gib: int = SCRATCH_GIB


def needs_of(job: str, spec: object, sizes: Sizes) -> Needs:
    """Return what a pod of `job`, any but `train`, needs for `spec`."""
    entry = BY_NAME[job]
    scratch_gib = SLIDES_GIB if entry.copies_slides else SCRATCH_GIB
    if isinstance(spec, TrainSpec):  # such a job holds the weights of all backbones of the grid
        scratch_gib += math.ceil(sizes.weights_bytes(spec) / GIB) - 1
        if entry.computes_like_training:
            return Needs(TRAINING_GIB, spec.cache_gib, scratch_gib)
    return Needs(cache_gib=EVALUATION_CACHE_GIB if entry.packs_patches else 0.0, scratch_gib=scratch_gib)


def check_fit(step: Step, profile: Profile) -> None:
    """Raise SpecError if no node of the profile can hold a pod of the step, by memory, disk or board."""
    node = step.node
    if step.memory_gib > node.memory_gib:
        raise SpecError(
            f"{step.spec}: {step.job} of {step.name} asks for {step.memory_gib} GiB of memory, and a node of profile "
            f"{profile.name} gives a pod {node.memory_gib} GiB; choose a larger profile"
        )
    if disk_gib(step) > node.disk_gib:
        most = node.disk_gib - disk_gib(step) + math.ceil(step.cache_gib)
        accepted = f"accepted is a cache_gib of at most {most}, or" if step.cache_gib and most > 0 else "choose"
        raise SpecError(
            f"{step.spec}: {step.job} of {step.name} asks for {disk_gib(step)} GiB of local disk, and a node of "
            f"profile {profile.name} gives a pod {node.disk_gib} GiB; {accepted} a profile with larger disks"
        )
    if node.gpu is not None:
        check_board(node.gpu, f"--profile {profile.name}")


def training_memory_gib(spec: TrainSpec, row: str, shard: Shard, profile: Profile, held: ShardMemory) -> int:
    """Return the memory that a pod of the shard asks for.

    Raises:
        SpecError: it, or the board's, is more than the profile's nodes have; names how many sessions fit.
    """
    node, sessions = profile.training, len(shard.sessions)
    in_memory = held.checkpoint_bytes + (0 if node.gpu else held.trained_bytes)
    needs = [("memory", in_memory, node.memory_gib - TRAINING_GIB)]
    if node.gpu_memory_gib:
        needs.append(("GPU memory", held.trained_bytes, node.gpu_memory_gib - GPU_GIB))
    for what, needed, room_gib in needs:
        if needed > room_gib * GIB:
            fitting = room_gib * GIB * sessions // needed
            accepted = f"accepted are 1 to {fitting}" if fitting else "not even one fits: choose a larger profile"
            raise SpecError(
                f"sessions_per_shard: {spec.sessions_per_shard or sessions} sessions of {spec.name}, row {row}, hold "
                f"{needed / GIB:.1f} GiB of {what}, and profile {profile.name} has {room_gib} GiB for them; {accepted}"
            )
    return TRAINING_GIB + math.ceil(in_memory / GIB)
