"""What the checkpoints of a shard will cost, said before it begins."""

from __future__ import annotations

from neurograde.learning.backbones import Trunk
from neurograde.learning.heads import new_head
from neurograde.learning.network import freeze
from neurograde.learning.objective import Objective
from neurograde.maths.checkpoint_cost import GB, ShardSize, checkpoint_cost
from neurograde.runtime.factors import storage_prices
from neurograde.specs.records import Shard
from neurograde.specs.train import SGD, Adagrad, Optimiser, RMSprop, TrainSpec


def checkpoint_plan(spec: TrainSpec, shard: Shard, trunk: Trunk) -> str:
    """Bytes, object operations and price of a shard's checkpoints, in one line."""
    session = shard.sessions[0]
    freeze(trunk, session.adaptation)
    head = new_head(trunk, session.adaptation, Objective(len(spec.classes)).outputs, spec.seed, session.id)
    own = [*(each for each in trunk.module.parameters() if each.requires_grad), *head.parameters()]
    size = ShardSize(
        parameters=len(shard.sessions) * sum(each.numel() for each in own),
        epochs=max(each.epochs for each in shard.sessions),
    )
    cost = checkpoint_cost(
        [size],
        slots=slots_of(spec.optimiser),
        checkpoint_every=spec.checkpoint_every,
        keep_last=spec.keep_last,
        prices=storage_prices(spec.store, spec.region),
        bytes_per_value=8 if spec.precision == "fp64" else 4,
    )
    price = "price unknown" if cost.operations_usd is None else f"${cost.operations_usd:.2f} for the operations"
    return (
        f"checkpoints: {cost.checkpoints} of {cost.largest_bytes / GB:.3g} GB, {cost.kept_bytes / GB:.3g} GB kept at "
        f"the end, at most {cost.class_a:,} writes and listings and {cost.class_b:,} reads, {price}"
    )


def slots_of(optimiser: Optimiser) -> int:
    """Values that an optimiser keeps for each parameter."""
    if isinstance(optimiser, SGD):
        return int(optimiser.momentum > 0)
    if isinstance(optimiser, Adagrad):
        return 1
    return 1 + int(optimiser.momentum > 0) if isinstance(optimiser, RMSprop) else 2
