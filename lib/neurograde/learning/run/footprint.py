"""The memory that a shard will hold and the price of its checkpoints, before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from torchvision import models

from neurograde.learning.engines.optimisers.optimiser import values_per_parameter
from neurograde.learning.losses.objective import Objective
from neurograde.learning.networks.backbones import Trunk, input_size_px, outline
from neurograde.learning.networks.heads import new_head
from neurograde.learning.networks.session_network import freeze
from neurograde.runtime.checkpoint_cost import GB, CheckpointCost, ShardMemory, ShardSize, checkpoint_cost, shard_memory
from neurograde.runtime.factors import storage_prices
from neurograde.specs.grid import expand, rows
from neurograde.specs.records import Shard
from neurograde.specs.train import TrainSpec


def checkpoint_plan(spec: TrainSpec, shard: Shard, trunk: Trunk) -> str:
    """Return bytes, object operations and price of a shard's checkpoints, in one line."""
    cost = cost_of_checkpoints(spec, [shard_size(spec, shard, trunk)])
    price = "price unknown" if cost.operations_usd is None else f"${cost.operations_usd:.2f} for the operations"
    return (
        f"checkpoints: {cost.checkpoints} of {cost.largest_bytes / GB:.3g} GB, {cost.kept_bytes / GB:.3g} GB kept at "
        f"the end, at most {cost.class_a:,} writes and listings and {cost.class_b:,} reads, {price}"
    )


@cache
def _outline(backbone: str, side_px: int) -> Trunk:
    return outline(backbone, side_px)


def outlined(spec: TrainSpec, shard: Shard) -> Trunk:
    """Return the outline of a shard's trunk, to count with before there are weights."""
    backbone = shard.sessions[0].backbone
    return _outline(backbone, input_size_px(spec, backbone))


def shard_size(spec: TrainSpec, shard: Shard, trunk: Trunk) -> ShardSize:
    """Return the trained parameters and epochs of a shard; the trunk may be an outline."""
    return _size(shard, _session_parameters(spec, shard, trunk))


def planned_checkpoints(spec: TrainSpec) -> CheckpointCost:
    """Return the cost of the checkpoints of a whole grid."""
    sizes: list[ShardSize] = []
    for shards in rows(expand(spec, ()).shards).values():
        parameters = _session_parameters(spec, shards[0], outlined(spec, shards[0]))  # alike in all of a row
        sizes += [_size(shard, parameters) for shard in shards]
    return cost_of_checkpoints(spec, sizes)


def _session_parameters(spec: TrainSpec, shard: Shard, trunk: Trunk) -> int:
    """Return the number of trainable parameters of one session of the shard's row."""
    session = shard.sessions[0]
    freeze(trunk, session.adaptation)
    head = new_head(trunk, session.adaptation, Objective(len(spec.classes)).outputs, spec.seed, session.id)
    own = [*(parameter for parameter in trunk.module.parameters() if parameter.requires_grad), *head.parameters()]
    return sum(parameter.numel() for parameter in own)


def _size(shard: Shard, session_parameters: int) -> ShardSize:
    return ShardSize(
        parameters=len(shard.sessions) * session_parameters, epochs=max(session.epochs for session in shard.sessions)
    )


def cost_of_checkpoints(spec: TrainSpec, shards: Sequence[ShardSize]) -> CheckpointCost:
    """Return the cost of the checkpoints of some shards of a grid."""
    return checkpoint_cost(
        shards,
        slots=values_per_parameter(spec.optimiser),
        checkpoint_every=spec.checkpoint_every,
        prices=storage_prices(spec.store, spec.region),
        bytes_per_value=_bytes_per_value(spec),
    )


def memory_of(spec: TrainSpec, shard: Shard) -> ShardMemory:
    """Return the memory that the sessions of a shard hold."""
    return shard_memory(
        shard_size(spec, shard, outlined(spec, shard)), values_per_parameter(spec.optimiser), _bytes_per_value(spec)
    )


def weights_bytes(spec: TrainSpec) -> int:
    """Return the bytes of all files of weights that torchvision has for the grid's backbones."""
    entries = [
        models.get_model_weights(backbone.name)[backbone.weights] for backbone in spec.backbones if backbone.is_enum
    ]
    return sum(int(entry.meta["_file_size"] * 2**20) for entry in entries)


def _bytes_per_value(spec: TrainSpec) -> int:
    return 8 if spec.precision == "fp64" else 4
