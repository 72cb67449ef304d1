"""The plain and the suffix engine on a few painted samples."""

from __future__ import annotations

from typing import Any

import torch

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Samples
from neurograde.learning.engines.plain.engine import PlainEngine
from neurograde.learning.engines.protocol import TrainingContext
from neurograde.learning.engines.stacked.suffix import SuffixEngine
from neurograde.learning.networks.backbones import Trunk
from neurograde.learning.networks.boundary import cut
from neurograde.learning.networks.session_network import freeze
from neurograde.learning.networks.weights import prepare_trunk
from neurograde.specs.train import TrainSpec
from tests.support.material import CPU, STATISTICS, sessions_of, subsets, train_spec


def spec_of(backbone: str, layers: int, side: int, **changes: Any) -> TrainSpec:
    fields: dict[str, Any] = {"precision": "fp64", "boundary": "same", "input_size_px": side, "epochs": 2}
    return train_spec(backbone, {"kind": "unfreezing", "layers": layers}, **(fields | {"crop": "center"} | changes))


def few() -> dict[str, Samples]:
    """A dozen train samples of 48 px, six valid ones."""
    return subsets(each=3)


def context(spec: TrainSpec, trunk: Trunk, device: torch.device = CPU) -> TrainingContext:
    data = few()
    return TrainingContext(spec, trunk, data, dict.fromkeys(data, STATISTICS), device)


def trunk_of(spec: TrainSpec) -> Trunk:
    return prepare_trunk(spec, spec.backbones[0], ())[0]


def plain(spec: TrainSpec) -> PlainEngine:
    torch.set_num_threads(1)
    return PlainEngine(context(spec, trunk_of(spec)), sessions_of(spec))


def suffix(spec: TrainSpec, device: torch.device = CPU) -> SuffixEngine:
    torch.set_num_threads(1)
    trunk, sessions = trunk_of(spec), sessions_of(spec)
    freeze(trunk, sessions[0].adaptation)
    boundary = cut(trunk.module, Inputs.of(spec, trunk.name, 48).size_px)
    return SuffixEngine(context(spec, trunk, device), sessions, boundary)
