"""The GPU of this process through NVML, NVIDIA's management library, where a driver has brought it along.

Five calls of a C library: not worth a dependency. Everything that the board does not answer is None, never 0.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LIBRARY = "libnvidia-ml.so.1"


@dataclass(frozen=True)
class Gpu:
    """One board, or one MIG slice of it."""

    library: Any
    """The loaded NVML, or anything with its functions."""
    handle: ctypes.c_void_p
    """NVML's handle of the board."""

    @property
    def model(self) -> str | None:
        """The name that the driver gives it, such as `Tesla T4` or `NVIDIA A100-SXM4-40GB`."""
        text = ctypes.create_string_buffer(96)
        failed = self.library.nvmlDeviceGetName(self.handle, text, ctypes.c_uint(len(text)))
        return None if failed else text.value.decode()

    def energy_joules(self) -> float | None:
        """Energy since the driver was loaded, of the whole board; Volta and later, and no MIG slices."""
        millijoules = ctypes.c_ulonglong()
        failed = self.library.nvmlDeviceGetTotalEnergyConsumption(self.handle, ctypes.byref(millijoules))
        return None if failed else millijoules.value / 1000.0

    def default_limit_w(self) -> float | None:
        """The power limit that the board was sold with: its TDP."""
        milliwatts = ctypes.c_uint()
        failed = self.library.nvmlDeviceGetPowerManagementDefaultLimit(self.handle, ctypes.byref(milliwatts))
        return None if failed else milliwatts.value / 1000.0


def visible_gpu(environment: Mapping[str, str] = os.environ, library: Any = None) -> Gpu | None:
    """The first GPU that CUDA shows to this process: the one a job trains on.

    Where boards of several kinds share a machine, NVML and CUDA agree on their numbers only with
    `CUDA_DEVICE_ORDER=PCI_BUS_ID`; identifiers (`GPU-...`) are always right.

    Args:
        environment: Holds `CUDA_VISIBLE_DEVICES`, which selects and orders the boards.
        library: Stands in for NVML in tests.

    Returns:
        The GPU, or None without a driver, without a board, or with all boards hidden.
    """
    first = environment.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    if first in {"", "-1", "none", "void", "NoDevFiles"}:
        return None
    if library is None:
        try:
            library = ctypes.CDLL(LIBRARY)
        except OSError:
            return None
    handle = ctypes.c_void_p()
    if library.nvmlInit_v2():
        return None
    if first.isdigit():
        failed = library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(int(first)), ctypes.byref(handle))
    else:
        failed = library.nvmlDeviceGetHandleByUUID(first.encode(), ctypes.byref(handle))
    return None if failed else Gpu(library, handle)
