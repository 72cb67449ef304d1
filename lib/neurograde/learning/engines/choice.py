"""The choice of an engine for the sessions of a shard."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.engines.plain.engine import PlainEngine
from neurograde.learning.engines.protocol import Engine, TrainingContext
from neurograde.learning.engines.stacked.engine import StackedEngine
from neurograde.learning.engines.stacked.suffix import SuffixEngine
from neurograde.learning.features.bank import Features
from neurograde.learning.networks.boundary import Cut, Untraceable, cut
from neurograde.learning.networks.session_network import freeze
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.specs.records import InputRecord, Session
from neurograde.specs.strategies import Strategy
from neurograde.specs.train import TrainSpec


def make_engine(name: str, job: Job[TrainSpec], context: TrainingContext, sessions: Sequence[Session]) -> Engine:
    """Return the engine of a shard's sessions, before any step.

    Args:
        name: `plain` or `shared`.
        job: Features are read from its store, or made there.
        context: Samples, trunk and device.
        sessions: One backbone, one strategy.
    """
    if name == "plain":
        return PlainEngine(context, sessions)
    strategy = sessions[0].adaptation
    if strategy.has_frozen_trunk:
        labels = {name: subset.labels for name, subset in context.samples.items()}
        return StackedEngine(
            context.spec,
            sessions,
            context.trunk,
            Features(job, context),
            labels=labels,
            device=context.device,
            tick=context.tick,
        )
    boundary = _cut(context, strategy)
    return PlainEngine(context, sessions) if boundary is None else SuffixEngine(context, sessions, boundary)


def _cut(context: TrainingContext, strategy: Strategy) -> Cut | None:
    """Return where the trained part of the trunk begins; None where it begins with the images, or cannot be traced."""
    trunk = context.trunk
    freeze(trunk, strategy)
    try:
        boundary = cut(trunk.module, Inputs.of(context.spec, trunk.name, context.patch_size_px).size_px)
    except Untraceable as reason:
        log.info(f"{trunk.name} is computed whole in every epoch, for it cannot be cut: {reason}")
        return None
    return None if boundary.reads_images else boundary


def features_read(engine: Engine) -> tuple[InputRecord, ...]:
    """Return the artefacts of features that an engine has read."""
    bank = getattr(engine, "features", None)
    return bank.records() if isinstance(bank, Features) else ()
