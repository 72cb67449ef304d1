from __future__ import annotations

from typing import Any

import pytest

from neurograde.runtime.nvml import Gpu, driver_version, visible_gpu

DONE, FAILED = 0, 3


class FakeNvml:
    """NVML's functions over a machine with boards, with C's way of handing results back through pointers."""

    def __init__(self, *boards: str, measures: bool = True) -> None:
        self.boards = boards
        self.measures = measures

    def nvmlInit_v2(self) -> int:  # noqa: N802 - NVML's names
        return DONE

    def nvmlDeviceGetHandleByIndex_v2(self, index: Any, handle: Any) -> int:  # noqa: N802
        handle._obj.value = index.value + 1
        return DONE if index.value < len(self.boards) else FAILED

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes, handle: Any) -> int:  # noqa: N802
        handle._obj.value = int(uuid.removeprefix(b"GPU-"))
        return DONE

    def nvmlDeviceGetName(self, handle: Any, text: Any, _size: Any) -> int:  # noqa: N802
        text.value = self.boards[handle.value - 1].encode()
        return DONE

    def nvmlDeviceGetTotalEnergyConsumption(self, _handle: Any, millijoules: Any) -> int:  # noqa: N802
        millijoules._obj.value = 7_200_000_500
        return DONE if self.measures else FAILED

    def nvmlDeviceGetPowerManagementDefaultLimit(self, _handle: Any, milliwatts: Any) -> int:  # noqa: N802
        milliwatts._obj.value = 70_000
        return DONE if self.measures else FAILED

    def nvmlDeviceGetCudaComputeCapability(self, _handle: Any, major: Any, minor: Any) -> int:  # noqa: N802
        major._obj.value, minor._obj.value = 7, 5
        return DONE if self.measures else FAILED

    def nvmlSystemGetDriverVersion(self, text: Any, _size: Any) -> int:  # noqa: N802
        text.value = b"580.65.06"
        return DONE if self.measures else FAILED


def board(visible: str | None, *boards: str, **how: bool) -> Gpu | None:
    environment = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    return visible_gpu(environment, FakeNvml(*boards, **how))


@pytest.mark.parametrize(
    ("visible", "model"), [(None, "Tesla T4"), ("1", "NVIDIA L4"), ("1,0", "NVIDIA L4"), ("GPU-2", "NVIDIA L4")]
)
def test_the_first_board_that_cuda_sees_is_the_one(visible: str | None, model: str) -> None:
    gpu = board(visible, "Tesla T4", "NVIDIA L4")
    assert gpu is not None
    assert gpu.model == model


@pytest.mark.parametrize("visible", ["", "-1", "7"])
def test_boards_that_are_hidden_or_not_there_are_none(visible: str) -> None:
    assert board(visible, "Tesla T4") is None
    assert board(None) is None


def test_energy_and_limit_are_in_joules_and_watts_and_none_where_the_board_does_not_say() -> None:
    gpu, mute = board("0", "Tesla T4"), board("0", "Tesla P4", measures=False)
    assert gpu is not None
    assert mute is not None
    assert (gpu.energy_joules(), gpu.default_limit_w()) == (7_200_000.5, 70.0)
    assert (mute.energy_joules(), mute.default_limit_w()) == (None, None)


def test_the_driver_says_its_version_and_the_board_its_compute_capability() -> None:
    gpu, mute = board("0", "Tesla T4"), board("0", "Tesla T4", measures=False)
    assert gpu is not None
    assert mute is not None
    assert (gpu.compute_capability(), mute.compute_capability()) == ((7, 5), None)
    assert driver_version(FakeNvml("Tesla T4")) == "580.65.06"
    assert driver_version(FakeNvml("Tesla T4", measures=False)) is None
