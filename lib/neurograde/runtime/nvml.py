"""The GPU of this process through NVML, NVIDIA's management library, which comes with the driver.

Eight calls of a C library: not worth a dependency. A value that the board does not report is None, never 0.
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
        """Name of the board by its driver, such as `Tesla T4` or `NVIDIA A100-SXM4-40GB`."""
        text = ctypes.create_string_buffer(96)
        failed = self.library.nvmlDeviceGetName(self.handle, text, ctypes.c_uint(len(text)))
        return None if failed else text.value.decode()

    def energy_joules(self) -> float | None:
        """Return the energy of the whole board since the driver was loaded; Volta and later, and not for MIG slices."""
        millijoules = ctypes.c_ulonglong()
        failed = self.library.nvmlDeviceGetTotalEnergyConsumption(self.handle, ctypes.byref(millijoules))
        return None if failed else millijoules.value / 1000.0

    def default_limit_w(self) -> float | None:
        """Return the power limit that the board was sold with: its TDP."""
        milliwatts = ctypes.c_uint()
        failed = self.library.nvmlDeviceGetPowerManagementDefaultLimit(self.handle, ctypes.byref(milliwatts))
        return None if failed else milliwatts.value / 1000.0

    def compute_capability(self) -> tuple[int, int] | None:
        """Return the generation of the board's processors: (7, 5) for a T4."""
        major, minor = ctypes.c_int(), ctypes.c_int()
        failed = self.library.nvmlDeviceGetCudaComputeCapability(self.handle, ctypes.byref(major), ctypes.byref(minor))
        return None if failed else (major.value, minor.value)


def visible_gpu(environment: Mapping[str, str] = os.environ, library: Any = None) -> Gpu | None:
    """Return the first GPU that CUDA shows to this process: the one that a job trains on.

    If a machine has boards of several kinds, NVML and CUDA agree on their numbers only with
    `CUDA_DEVICE_ORDER=PCI_BUS_ID`; identifiers (`GPU-...`) are always right.

    Args:
        environment: Holds `CUDA_VISIBLE_DEVICES`, which selects and orders the boards.
        library: Replacement of NVML in tests.

    Returns:
        The GPU, or None without a driver, without a board, or with all boards hidden.
    """
    first = environment.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    if first in {"", "-1", "none", "void", "NoDevFiles"}:
        return None
    library = _started(library)
    if library is None:
        return None
    handle = ctypes.c_void_p()
    if first.isdigit():
        failed = library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(int(first)), ctypes.byref(handle))
    else:
        failed = library.nvmlDeviceGetHandleByUUID(first.encode(), ctypes.byref(handle))
    return None if failed else Gpu(library, handle)


def driver_version(library: Any = None) -> str | None:
    """Return the version of the NVIDIA driver, such as `580.65.06`, or None without one.

    Args:
        library: Replacement of NVML in tests.
    """
    library = _started(library)
    if library is None:
        return None
    text = ctypes.create_string_buffer(96)
    failed = library.nvmlSystemGetDriverVersion(text, ctypes.c_uint(len(text)))
    return None if failed else text.value.decode()


def _started(library: Any) -> Any:
    """Return NVML (or `library`, its stand-in), initialised; None where it is missing or refuses."""
    if library is None:
        try:
            library = ctypes.CDLL(LIBRARY)
        except OSError:
            return None
    return None if library.nvmlInit_v2() else library
