"""From a train spec to its grid: the shards, and the sessions of each."""

from __future__ import annotations

from itertools import product

from neurograde.specs.records import Grid, InputRecord, RawInput, Session, Shard
from neurograde.specs.train import Backbone, Strategy, TrainSpec


def expand(
    spec: TrainSpec,
    inputs: tuple[InputRecord, ...],
    raw: tuple[RawInput, ...] = (),
    marks: tuple[str, ...] = (),
) -> Grid:
    """The frozen expansion of `spec`: one shard for each backbone and strategy, in the order of the spec.

    Sessions of a shard share their frozen trunk; `sessions_per_shard` cuts a longer row into several shards.
    """
    shards: list[Shard] = []
    for backbone, strategy in product(spec.backbones, spec.strategies):
        sessions = _sessions(spec, backbone, strategy)
        width = spec.sessions_per_shard or len(sessions)
        parts = [sessions[start : start + width] for start in range(0, len(sessions), width)]
        for number, part in enumerate(parts):
            suffix = f"-{number:03d}" if len(parts) > 1 else ""
            shards.append(Shard(name=f"{backbone.name}-{strategy.label}{suffix}", sessions=tuple(part)))
    return Grid(
        name=spec.name,
        spec=spec.model_dump(mode="json"),
        spec_digest=spec.digest(),
        inputs=inputs,
        raw=raw,
        marks=marks,
        shards=tuple(shards),
    )


def _sessions(spec: TrainSpec, backbone: Backbone, strategy: Strategy) -> list[Session]:
    return [
        Session(
            id=f"{backbone.name}-{strategy.label}-lr{rate:g}-b{batch_size}-r{repeat:02d}",
            backbone=backbone.name,
            weights=backbone.weights,
            strategy=strategy.model_dump(mode="json"),
            learning_rate=rate,
            batch_size=batch_size,
            repeat=repeat,
            epochs=spec.epochs,
        )
        for rate, batch_size, repeat in product(spec.learning_rates, spec.batch_sizes, range(spec.repeats))
    ]
