"""Cost of the checkpoints of a grid, before anything runs: bytes, object operations, money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

GB = 1e9  # bytes
CLASS_A_PER_CHECKPOINT = 8  # at most: blob and commit put, and the listings for fence and pruning
CLASS_B_PER_CHECKPOINT = 8  # at most: reads that look for a twin's commit and verify before older blobs are deleted


class StoragePrices(NamedTuple):
    """Prices of an object store, in US dollars."""

    per_gb_month: float
    """Price of a gigabyte per month."""
    per_1000_class_a: float
    """Price of a thousand puts and listings."""
    per_1000_class_b: float
    """Price of a thousand reads; deletions are free."""


class ShardSize(NamedTuple):
    """Size of a shard, as far as checkpoints depend on it."""

    parameters: int
    """Trainable parameters of all its sessions together."""
    epochs: int
    """Epochs of its longest session."""


class CheckpointCost(NamedTuple):
    """Cost of the checkpoints of a grid."""

    checkpoints: int
    """Number of checkpoints written."""
    largest_bytes: int
    """Size of the largest checkpoint: the upload of one epoch of its shard."""
    written_bytes: int
    """Sum of the sizes of all checkpoints written."""
    kept_bytes: int
    """Weights of the best epochs, which stay once all shards are published; their checkpoints are deleted then."""
    class_a: int
    """Puts and listings, at most."""
    class_b: int
    """Reads, at most."""
    operations_usd: float | None
    """Cost of the operations; None if the prices are unknown."""
    storage_usd_per_month: float | None
    """Cost of keeping it, per month; None if the prices are unknown."""


class ShardMemory(NamedTuple):
    """Memory that a shard needs beyond what any program needs."""

    trained_bytes: int
    """Memory of the device: values, gradients, the optimiser's state, and the values of the best epochs."""
    checkpoint_bytes: int
    """Memory of the machine: a checkpoint as it was taken, and its bytes on their way to the store."""


def shard_memory(shard: ShardSize, slots: int, bytes_per_value: int = 4) -> ShardMemory:
    """Return the memory that a shard needs; the arguments are those of `checkpoint_cost`.

    >>> shard_memory(ShardSize(parameters=1_000_000, epochs=50), slots=1)
    ShardMemory(trained_bytes=16000000, checkpoint_bytes=24000000)
    """
    values = shard.parameters * bytes_per_value
    return ShardMemory(trained_bytes=values * (3 + slots), checkpoint_bytes=2 * values * (2 + slots))


def checkpoint_cost(
    shards: Sequence[ShardSize],
    *,
    slots: int,
    checkpoint_every: int,
    prices: StoragePrices | None,
    bytes_per_value: int = 4,
) -> CheckpointCost:
    """Return the cost of the checkpoints of a grid: they hold what is trained, not the frozen part.

    Each value that is trained is saved once for itself, once for each slot of the optimiser, and once for the best
    epoch so far. There is a checkpoint before the first step, every `checkpoint_every` epochs, and after the last. Once
    a shard is published, only the best epoch of each session stays.
    Heartbeats, at most three a minute for each shard at work, are not counted.

    Fine-tuning the last 129 million parameters of VGG19 by SGD with momentum:

    >>> prices, shard = StoragePrices(0.020, 0.005, 0.0004), ShardSize(parameters=129_000_000, epochs=50)
    >>> cost = checkpoint_cost([shard], slots=1, checkpoint_every=1, prices=prices)
    >>> cost.checkpoints, cost.largest_bytes / GB, round(cost.written_bytes / GB), round(cost.storage_usd_per_month, 2)
    (51, 1.548, 79, 0.01)

    Args:
        shards: Every shard of the grid.
        slots: Values that the optimiser keeps for each parameter: 0 for plain SGD, 1 with momentum, 2 for Adam.
        checkpoint_every: Epochs from one checkpoint to the next.
        prices: Prices of the store, None if they are unknown.
        bytes_per_value: 4 in fp32, 8 in fp64.
    """
    sizes = [shard.parameters * bytes_per_value * (2 + slots) for shard in shards]
    counts = [1 + -(-shard.epochs // checkpoint_every) for shard in shards]
    checkpoints = sum(counts)
    kept = sum(shard.parameters for shard in shards) * bytes_per_value
    class_a, class_b = CLASS_A_PER_CHECKPOINT * checkpoints, CLASS_B_PER_CHECKPOINT * checkpoints
    return CheckpointCost(
        checkpoints=checkpoints,
        largest_bytes=max(sizes, default=0),
        written_bytes=sum(size * count for size, count in zip(sizes, counts, strict=True)),
        kept_bytes=kept,
        class_a=class_a,
        class_b=class_b,
        operations_usd=prices and (class_a * prices.per_1000_class_a + class_b * prices.per_1000_class_b) / 1000,
        storage_usd_per_month=prices and kept / GB * prices.per_gb_month,
    )
