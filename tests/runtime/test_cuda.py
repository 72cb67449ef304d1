"""Which GPUs torch can use, by what driver and torch say of them: refused with the right exit code and the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neurograde.errors import SpecError
from neurograde.runtime import cuda
from neurograde.runtime.cuda import GpuFacts, check_board, driver_facts, has_kernels, problem_of
from neurograde.runtime.factors import gpu_capability

POD = GpuFacts("node-7", libcuda=True, driver="580.65.06", board="Tesla T4", capability=(7, 5), available=True)
ABSENT = {"driver": None, "board": None, "capability": None, "available": False}
P100 = {"board": "Tesla P100-PCIE-16GB", "capability": (6, 0)}


@pytest.mark.parametrize(
    ("answers", "code", "reason"),
    [
        (ABSENT | {"libcuda": False}, 69, "node node-7: no board, driver none: libcuda.so.1 cannot be loaded"),
        (ABSENT | {"driver": "580.65.06"}, 69, "no board, driver 580.65.06: the driver shows no GPU"),
        ({"available": False}, 69, "Tesla T4 of compute capability 7.5, driver 580.65.06: torch cannot initialise"),
        ({"driver": "535.261.03", "available": False}, 78, "needs driver 580.65.06 or newer; on GKE: gcloud container"),
        (P100, 78, "P100-PCIE-16GB of compute capability 6.0, driver 580.65.06: torch has kernels for sm_75"),
        (P100 | {"available": False}, 78, "accepted are boards from compute capability 7.5 on: T4"),
        ({"torch_cuda": None, "available": False}, 78, "built without CUDA"),
    ],
)
def test_a_gpu_that_a_pod_cannot_use_has_its_exit_code_and_reason(answers: dict[str, object], code: int, reason: str):
    problem = problem_of(replace(POD, **answers))
    assert problem is not None
    assert problem.exit_code == code
    assert reason in str(problem)
    assert "\n" not in str(problem)


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"driver": "550.54.15"},  # forward compatibility: torch itself says that it works
        {"board": "NVIDIA L4", "capability": (8, 9)},
        {"available": None},  # torch was not asked
        {"torch_cuda": None, "kernels": ("gfx90a",)},  # a build for boards of another maker
    ],
)
def test_a_gpu_that_works_has_no_problem(answers: dict[str, object]):
    assert problem_of(replace(POD, **answers)) is None


def test_outside_a_cluster_a_missing_gpu_is_a_mistake_of_the_spec():
    problem = problem_of(replace(POD, node=None, **ABSENT))
    assert isinstance(problem, SpecError)
    assert str(problem).startswith("device: 'cuda' is asked for, but torch sees no GPU here; accepted are auto and cpu")


def test_asking_the_driver_never_fails_and_names_the_node(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NODE_NAME", "node-7")
    assert driver_facts().node == "node-7"


@pytest.mark.parametrize(("model", "accepted"), [("T4", True), ("L4", True), ("V100 SXM2", False), ("K80", False)])
def test_a_board_is_judged_by_its_name_before_anything_is_rented(model: str, accepted: bool):
    assert has_kernels(gpu_capability(model) or (0, 0)) == accepted
    if accepted:
        check_board(model, "--gpu")
    else:
        with pytest.raises(SpecError, match=rf"--gpu: '{model}' has compute capability \d\.\d, and .* no kernels"):
            check_board(model, "--gpu")


def test_a_board_that_no_table_knows_is_not_refused():
    check_board("Voodoo 2", "--gpu")


def test_the_pinned_facts_are_those_of_the_installed_torch():
    import torch

    if torch.version.cuda is None:
        pytest.skip("this torch was built without CUDA: its kernels cannot be listed")
    assert torch.version.cuda == cuda.CUDA
    assert tuple(torch._C._cuda_getArchFlags().split()) == cuda.KERNELS
    assert cuda.LEAST_DRIVER.split(".")[0] == {"13": "580"}[cuda.CUDA.split(".")[0]]
