"""Grids whose records are made up, for what watches grids: no network is trained."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from neurograde.runtime.carbon_record import CarbonRecord, planned, total
from neurograde.specs.grid import expand
from neurograde.specs.records import Attempt, Best, Commit, Grid, Manifest, Metrics, Session, Shard, Status
from neurograde.specs.train import TrainSpec
from neurograde.storage.store import Store

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LAP = planned("report", "Tesla T4", 0.01)


def grid_of(store: Store, **changes: Any) -> Grid:
    """A grid in the store, with nothing trained: 2 shards of 2 rates, 2 batch sizes and 3 repeats, 4 epochs."""
    fields: dict[str, Any] = {
        "job": "train",
        "name": "night",
        "store": store.url,
        "region": "FRA",
        "dataset": "set",
        "classes": ["PD", "D"],
        "positive": "D",
        "backbones": [{"name": "resnet18", "weights": "none"}, {"name": "vgg19", "weights": "none"}],
        "strategies": [{"kind": "straightforward"}],
        "learning_rates": [0.001, 0.01],
        "batch_sizes": [8, 32],
        "repeats": 3,
        "epochs": 4,
        "seed": 0,
    }
    grid = expand(TrainSpec.parse(fields | changes), ())
    store.put(f"runs/{grid.name}/grid.json", grid.encode())
    return grid


def metrics_of(session: Session, epoch: int) -> Metrics:
    """A curve that falls, and rises again from epoch 3 on; lower for the smaller rate, and by repeat."""
    loss = 0.9 * math.exp(-0.3 * epoch) + 0.02 * max(0, epoch - 3) ** 2 + 10 * session.learning_rate
    valid = loss + 0.02 + 0.01 * session.repeat
    return Metrics(train_loss=loss, train_accuracy=1 - loss / 2, valid_loss=valid, valid_accuracy=1 - valid / 2)


def commit_of(shard: Shard, epoch: int, diverged: dict[str, int] | None = None) -> Commit:
    """What the shard commits after an epoch."""
    live = [each for each in shard.sessions if each.id not in (diverged or {}) and epoch <= each.epochs]
    best: dict[str, Best] = {}
    for session in live:
        for earlier in range(1, epoch + 1):
            loss = metrics_of(session, earlier).valid_loss
            assert loss is not None
            if session.id not in best or loss < best[session.id].loss:
                best[session.id] = Best(epoch=earlier, loss=loss)
    return Commit(
        epoch=epoch,
        attempt=1,
        key=f"checkpoints/e{epoch:04d}-a01-{'0' * 12}.safetensors",
        sha256="0" * 64,
        size=1,
        metrics={each.id: metrics_of(each, epoch) for each in live},
        diverged=diverged or {},
        carbon=LAP.model_dump(mode="json"),
        best=best,
        carbon_so_far=total([LAP] * (epoch + 1)).model_dump(mode="json"),
    )


def train(  # noqa: PLR0917 - what a shard has come to
    store: Store,
    grid: Grid,
    place: int,
    epochs: int,
    ended: str | None = None,
    exit_code: int | None = None,
    *,
    seconds_ago: float = 5,
    attempt: int = 1,
    diverged: dict[str, int] | None = None,
    lost: CarbonRecord | None = None,
    checkpoint_every: int = 1,
) -> None:
    """Leave what an attempt at a shard leaves after that many epochs; its heartbeat is `seconds_ago` old."""
    shard = grid.shards[place]
    folder = f"runs/{grid.name}/{shard.name}"
    began = NOW - timedelta(seconds=seconds_ago + 60)
    claim = Attempt(
        attempt=attempt,
        resumes_from=None,
        token="t",
        claimed_at=began.isoformat(),
        machine={"gpu_model": "Tesla T4", "node": "node-7"},
    )
    store.put(f"{folder}/attempts/{attempt}.json", claim.encode())
    earlier: list[dict[str, Metrics]] = []
    for epoch in range(epochs + 1):
        commit = commit_of(shard, epoch, diverged)
        if epoch % checkpoint_every and epoch < epochs:
            earlier.append(commit.metrics)
        else:
            covering = commit.model_copy(update={"earlier": tuple(earlier)})
            store.put(f"{folder}/commits/e{epoch:04d}.json", covering.encode())
            earlier = []
    status = Status(
        attempt=attempt,
        at=(NOW - timedelta(seconds=seconds_ago)).isoformat(),
        epoch=epochs + 1,
        ended=ended,
        exit_code=exit_code,
        carbon=lost.model_dump(mode="json") if lost else None,
    )
    store.put(f"{folder}/status/a{attempt:02d}.json", status.encode())


def finish(store: Store, grid: Grid, place: int) -> None:
    """Publish the shard."""
    shard = grid.shards[place]
    carbon = total([LAP] * (shard.sessions[0].epochs + 1)).model_dump(mode="json")
    name = f"{grid.name}/{shard.name}"
    manifest = Manifest(
        kind="runs", name=name, job="train", spec={}, spec_digest="0" * 64, files={}, carbon=carbon, carbon_wasted=None
    )
    store.put(f"runs/{name}/manifest.json", manifest.encode())
