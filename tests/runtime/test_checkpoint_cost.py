"""What checkpoints cost, against checkpoints that are made."""

from __future__ import annotations

import pytest

from neurograde.runtime.checkpoint_cost import (
    CLASS_A_PER_CHECKPOINT,
    CLASS_B_PER_CHECKPOINT,
    ShardSize,
    StoragePrices,
    checkpoint_cost,
)
from neurograde.storage.journal import Journal
from neurograde.storage.store import Store

PRICES = StoragePrices(per_gb_month=0.02, per_1000_class_a=0.005, per_1000_class_b=0.0004)


class BilledStore(Store):
    """Counts what an object store would charge for."""

    class_a = class_b = 0

    def put(self, key: str, data: bytes) -> None:
        self.class_a += 1
        super().put(key, data)

    def create(self, key: str, data: bytes) -> None:
        self.class_a += 1
        super().create(key, data)

    def list(self, folder: str | None = None) -> dict[str, int]:
        self.class_a += 1
        return super().list(folder)

    def exists(self, key: str) -> bool:
        self.class_a += 1  # an absent object is looked for among the names as well
        self.class_b += 1
        return super().exists(key)

    def get(self, key: str) -> bytes:
        self.class_b += 1
        return super().get(key)


def test_a_commit_asks_no_more_of_the_store_than_is_counted(memory_url: str):
    store = BilledStore(memory_url)
    journal = Journal(store, "runs/grid/shard")
    journal.claim()
    for epoch in range(4):
        store.class_a = store.class_b = 0
        journal.commit(epoch, bytes([epoch]) * 100, {})
        journal.prune(keep_last=2)
        assert 0 < store.class_a <= CLASS_A_PER_CHECKPOINT
        assert store.class_b <= CLASS_B_PER_CHECKPOINT


def test_the_bytes_are_those_that_an_engine_s_checkpoint_has():
    from neurograde.learning.run.checkpoint import encode
    from tests.support.material import engine, train_spec

    made = engine(train_spec("leaknet", {"kind": "whole"}, repeats=2))
    for epoch in range(2):
        made.run_epoch(epoch)
    parameters = sum(tensor.numel() for tensor in made.best().values())
    cost = checkpoint_cost([ShardSize(parameters, 1)], slots=1, checkpoint_every=1, prices=None)
    assert cost.largest_bytes == pytest.approx(len(encode(made.state())), rel=0.01)
    assert (cost.operations_usd, cost.storage_usd_per_month) == (None, None)


@pytest.mark.parametrize(("every", "checkpoints"), [(1, 11), (3, 5), (10, 2), (100, 2)])
def test_fewer_checkpoints_cost_fewer_operations_and_the_same_room(every: int, checkpoints: int):
    cost = checkpoint_cost([ShardSize(1_000, 10)] * 3, slots=1, checkpoint_every=every, prices=PRICES)
    assert cost.checkpoints == 3 * checkpoints
    assert cost.written_bytes == 3 * checkpoints * 12_000
    assert cost.kept_bytes == 3 * 4_000
    assert cost.class_a == CLASS_A_PER_CHECKPOINT * cost.checkpoints
    dollars = (cost.class_a * PRICES.per_1000_class_a + cost.class_b * PRICES.per_1000_class_b) / 1000
    assert cost.operations_usd == pytest.approx(dollars)


def test_an_optimiser_with_more_slots_costs_more_bytes():
    for slots, size in enumerate((8_000, 12_000, 16_000)):
        cost = checkpoint_cost([ShardSize(1_000, 1)], slots=slots, checkpoint_every=1, prices=None)
        assert cost.largest_bytes == size
