"""The device: what a spec asks for, and the same results every time unless it says otherwise."""

from __future__ import annotations

import ctypes
import resource

import pytest
import torch

from neurograde.errors import DeviceUnavailable, SpecError
from neurograde.learning.run.device import prepare_device


@pytest.fixture(autouse=True)
def _as_before() -> object:
    yield
    prepare_device("cpu", 1)


@pytest.mark.parametrize("deterministic", [True, False])
def test_a_spec_may_give_up_determinism(deterministic: bool):
    assert prepare_device("cpu", 1, deterministic=deterministic) == torch.device("cpu")
    assert torch.are_deterministic_algorithms_enabled() == deterministic
    assert torch.backends.cudnn.benchmark == (not deterministic)


def test_memory_that_is_about_to_be_written_is_not_filled_first():
    prepare_device("cpu", 1)
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.empty(1000).isnan().all()  # what the filling would leave there


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="malloc is not glibc's here")
def test_memory_that_was_freed_is_used_again():
    prepare_device("cpu", 1)
    faults = []
    for _ in range(30):  # the first ones look for a place with room for their alignment
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(10_000_000)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    assert min(faults) < 1_000  # of 9,766 pages, each of which the kernel clears for who gives memory back


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused_and_the_accepted_named():
    with pytest.raises(SpecError, match="device: 'cuda' is asked for, but torch sees no GPU here; accepted are auto"):
        prepare_device("cuda", 1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_in_a_pod_a_missing_gpu_is_the_node_s_fault_and_names_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NODE_NAME", "node-7")
    with pytest.raises(
        DeviceUnavailable, match=r"node node-7: no board, driver none: libcuda\.so\.1 cannot be"
    ) as caught:
        prepare_device("cuda", 1)
    assert caught.value.exit_code == 69
    assert prepare_device("auto", 1) == torch.device("cpu")


def test_float32_is_never_computed_in_tf32():
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    prepare_device("cpu", 1)
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) == (False, False)
