"""What checkpoints will cost is said before, and is what they then weigh."""

from __future__ import annotations

import re

import pytest

from neurograde.learning.engines.optimisers.optimiser import values_per_parameter
from neurograde.learning.run.checkpoint import encode
from neurograde.learning.run.footprint import checkpoint_plan
from neurograde.specs.optimisers import SGD, Adagrad, Adam, RMSprop
from neurograde.specs.records import Shard
from tests.support.material import engine, sessions_of, train_spec, trunk


def test_the_size_that_is_planned_is_that_of_a_checkpoint():
    spec = train_spec("leaknet", {"kind": "whole"}, epochs=4, checkpoint_every=2, repeats=2)
    sessions = sessions_of(spec)
    planned = checkpoint_plan(spec, Shard(name="s", sessions=tuple(sessions)), trunk(spec))
    found = re.match(r"checkpoints: (\d+) of (\S+) GB", planned)
    assert found is not None
    assert int(found[1]) == 3
    trained = engine(spec, sessions)
    for epoch in (0, 1):
        trained.run_epoch(epoch)
    assert float(found[2]) * 1e9 == pytest.approx(len(encode(trained.state())), rel=0.05)
    assert planned.endswith("price unknown")


def test_optimisers_keep_what_torch_keeps():
    optimisers = [SGD(), SGD(momentum=0.0), Adagrad(kind="adagrad"), RMSprop(kind="rmsprop"), Adam(kind="adam")]
    assert [values_per_parameter(each) for each in optimisers] == [1, 0, 1, 1, 2]
