"""EfficientNet and DenseNet, which the study leaves to others, under every strategy and both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurograde.learning.engines.choice import make_engine
from neurograde.learning.engines.protocol import Engine, TrainingContext
from neurograde.learning.inference.session_outputs import predict
from neurograde.learning.networks.weights import prepare_trunk
from neurograde.learning.run.preflight import check
from neurograde.runtime.job import Job
from neurograde.runtime.specfile import load, validate
from neurograde.specs.train import TrainSpec
from neurograde.storage.store import Store
from tests.support.engines import worst_difference
from tests.support.material import CPU, STATISTICS, samples, sessions_of, subsets, train_spec

ROOT = Path(__file__).parents[3]
FAMILIES = ["efficientnet_b0", "densenet121"]
STRATEGIES: list[dict[str, Any]] = [
    {"kind": "straightforward"},
    {"kind": "extension", "non_linearities": 2},
    {"kind": "unfreezing", "layers": 2},
    {"kind": "whole"},
]


def engine_of(name: str, spec: TrainSpec, url: str) -> Engine:
    data = subsets(each=3, size_px=64)
    trunk, _ = prepare_trunk(spec, spec.backbones[0], ())
    context = TrainingContext(spec, trunk, data, dict.fromkeys(data, STATISTICS), CPU)
    return make_engine(name, Job(spec, Store(url)), context, sessions_of(spec))


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda each: each["kind"])
@pytest.mark.parametrize("backbone", FAMILIES)
def test_both_engines_train_them_alike_and_what_they_learnt_can_be_asked(
    backbone: str, strategy: dict[str, Any], memory_url: str
):
    # Two by two positions and the whole set a batch: batch norm over less explodes from random weights.
    fields = {
        "input_size_px": 64,
        "batch_sizes": [12],
        "precision": "fp64",
        "boundary": "same",
        "epochs": 1,
        "crop": "center",
    }
    spec = train_spec(backbone, strategy, learning_rates=[1e-4], **fields)
    engines = [engine_of(name, spec, memory_url) for name in ("plain", "shared")]
    assert worst_difference(*engines, epochs=1) < 1e-9
    asked, session = spec.model_copy(update={"precision": "fp32"}), sessions_of(spec)[0]
    said = [predict(asked, session, each.best(), samples(size_px=64), STATISTICS) for each in engines]
    assert np.abs(said[0] - said[1]).max() < 1e-6
    assert said[0].sum(axis=1) == pytest.approx(np.ones(12))


@pytest.mark.parametrize("path", sorted((ROOT / "specs" / "beyond").glob("train-*.yaml")), ids=lambda path: path.stem)
def test_the_grids_of_specs_beyond_can_begin_their_weights_exist_and_their_layers_too(path: Path):
    spec = validate(TrainSpec, load(str(path)), str(path))
    check(spec, {"train": samples(each=64, size_px=250)})
