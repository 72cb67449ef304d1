"""On a GPU the same code gives the same results: those of the CPU in float64, and its own bits in any company."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from neurograde.learning.run.checkpoint import decode, encode
from neurograde.learning.run.device import prepare_device
from tests.support.engines import LABELS, STRATEGIES, shared, spec_of, worst_difference
from tests.support.material import engine, sessions_of
from tests.support.suffix import plain, suffix
from tests.support.suffix import spec_of as unfreezing_of

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")]
CUDA = torch.device("cuda")


@pytest.fixture(autouse=True)
def _deterministic() -> None:
    prepare_device("cuda", 1)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=LABELS)
def test_heads_on_a_gpu_are_those_of_the_plain_engine_on_a_cpu(strategy: dict[str, Any]):
    spec = spec_of(strategy, precision="fp64", epochs=3)
    assert worst_difference(shared(spec, device=CUDA), engine(spec), 3) < 1e-9


def test_the_plain_engine_on_a_gpu_is_that_on_a_cpu():
    spec = spec_of(STRATEGIES[1], precision="fp64", epochs=2, batch_sizes=[5])
    assert worst_difference(engine(spec, device=CUDA), engine(spec), 2) < 1e-9


def test_unfreezing_on_a_gpu_is_that_of_the_plain_engine_on_a_cpu():
    spec = unfreezing_of("resnet18", 5, 40)
    assert worst_difference(suffix(spec, CUDA), plain(spec), 2) < 1e-9


@pytest.mark.parametrize("strategy", STRATEGIES, ids=LABELS)
def test_a_sessions_bits_do_not_depend_on_its_company(strategy: dict[str, Any]):
    spec = spec_of(strategy, epochs=2, repeats=3)
    everyone = sessions_of(spec)
    alone, together = shared(spec, [everyone[-1]], device=CUDA), shared(spec, device=CUDA)
    for epoch in range(3):
        assert alone.run_epoch(epoch)[everyone[-1].id] == together.run_epoch(epoch)[everyone[-1].id]


def test_a_checkpoint_of_a_gpu_goes_on_to_the_same_bits():
    spec = spec_of(STRATEGIES[2], epochs=3)
    trained = shared(spec, device=CUDA)
    for epoch in range(2):
        trained.run_epoch(epoch)
    resumed = shared(spec, device=CUDA)
    resumed.load_state(decode(encode(trained.state()), "a checkpoint"))
    for epoch in (2, 3):
        assert trained.run_epoch(epoch) == resumed.run_epoch(epoch)
    assert encode(trained.state()) == encode(resumed.state())
