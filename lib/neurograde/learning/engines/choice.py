"""Which engine trains the sessions of a shard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Samples, Statistics
from neurograde.learning.engines.plain.engine import PlainEngine
from neurograde.learning.engines.protocol import Engine, Tick
from neurograde.learning.engines.stacked.engine import SharedEngine
from neurograde.learning.engines.stacked.suffix import SuffixEngine
from neurograde.learning.features.bank import Features
from neurograde.learning.networks.backbones import Trunk
from neurograde.learning.networks.boundary import Cut, Untraceable, cut
from neurograde.learning.networks.session_network import freeze
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.specs.records import InputRecord, Session
from neurograde.specs.train import Extension, Straightforward, Strategy, TrainSpec


def make_engine(
    name: str,
    job: Job[TrainSpec],
    sessions: Sequence[Session],
    trunk: Trunk,
    *,
    samples: Mapping[str, Samples],
    statistics: Mapping[str, Statistics],
    device: torch.device,
    tick: Tick,
) -> Engine:
    """The engine of a shard's sessions, as they are before any step.

    Args:
        name: `plain` or `shared`.
        job: Its spec is what all sessions share; features are read from its store, or made there.
        sessions: One backbone, one strategy.
        trunk: Their trunk, with its weights.
        samples: `train` and `valid`.
        statistics: What each of them is standardised with.
        device: Where to train.
        tick: Called now and then with the samples just passed through.
    """
    if name == "shared" and isinstance(sessions[0].adaptation, Straightforward | Extension):
        features = Features(job, trunk, samples=samples, statistics=statistics, device=device, tick=tick)
        labels = {name: each.labels for name, each in samples.items()}
        return SharedEngine(job.spec, sessions, trunk, features, labels=labels, device=device, tick=tick)
    found = _cut(job.spec, sessions[0].adaptation, trunk, samples) if name == "shared" else None
    if found is not None:
        return SuffixEngine(
            job.spec, sessions, trunk, found, samples=samples, statistics=statistics, device=device, tick=tick
        )
    return PlainEngine(job.spec, sessions, trunk, samples=samples, statistics=statistics, device=device, tick=tick)


def _cut(spec: TrainSpec, strategy: Strategy, trunk: Trunk, samples: Mapping[str, Samples]) -> Cut | None:
    """Where the trained part of the trunk begins; None where it begins with the images, or cannot be told."""
    freeze(trunk, strategy)
    try:
        found = cut(trunk.module, Inputs.of(spec, trunk.name, samples["train"].patch_size_px).size_px)
    except Untraceable as reason:
        log.info(f"{trunk.name} is computed whole in every epoch, for it cannot be cut: {reason}")
        return None
    return None if found.reads_images else found


def features_read(engine: Engine) -> tuple[InputRecord, ...]:
    """The artefacts of features that an engine has read."""
    bank = getattr(engine, "features", None)
    return bank.records() if isinstance(bank, Features) else ()
