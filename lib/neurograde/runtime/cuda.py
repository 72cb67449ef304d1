"""The GPUs that the pinned torch can use, and the reason why this machine's GPU cannot be used.

Without torch, so that manifests can be rendered and a node can be examined before anything large is imported. The
facts about the build are those of the torch in requirements.lock; a test compares them with the installed torch.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from neurograde.errors import DeviceUnavailable, NeurogradeError, SpecError
from neurograde.runtime.factors import gpu_capability
from neurograde.runtime.nvml import driver_version, visible_gpu

CUDA = "13.2"
"""The CUDA version that torch was built with."""
LEAST_DRIVER = "580.65.06"
"""The oldest driver for every CUDA 13: docs.nvidia.com/deploy/cuda-compatibility, minor version compatibility."""
KERNELS = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120")
"""The architectures that torch has kernels for: `torch.cuda.get_arch_list()`."""
NODE = "NODE_NAME"
"""Variable that names the cluster's node; only pods have it."""
LATEST_DRIVER = (
    "gcloud container node-pools update gpu --cluster neurograde --zone ZONE "
    "--accelerator type=TYPE,count=1,gpu-driver-version=latest"
)
"""The command that gives the nodes of a GKE pool a newer driver."""
ACCEPTED_BOARDS = "accepted are boards from compute capability 7.5 on: T4, L4, A100, H100, H200"
Capability = tuple[int, int]
"""The compute capability of a board: (8, 9) is 8.9."""


@dataclass(frozen=True)
class GpuFacts:
    """The answers of driver and torch about the first GPU of this machine."""

    node: str | None
    """The cluster's node; None outside a cluster."""
    libcuda: bool
    """True if the driver's libcuda.so.1 can be loaded."""
    driver: str | None
    """Version of the driver; None without one."""
    board: str | None
    """Model of the first board that CUDA shows to this process; None without one."""
    capability: Capability | None
    """Compute capability of the board; None where neither the driver nor the table knows it."""
    torch_cuda: str | None = CUDA
    """CUDA version of torch; None for a build without CUDA."""
    kernels: Sequence[str] = KERNELS
    """Architectures that torch has kernels for."""
    available: bool | None = None
    """The answer of `torch.cuda.is_available()`; None if torch was not asked."""

    def __str__(self) -> str:
        where = f"node {self.node}" if self.node else "this machine"
        board = self.board or "no board"
        capability = "" if self.capability is None else f" of compute capability {_shown(self.capability)}"
        return f"{where}: {board}{capability}, driver {self.driver or 'none'}"


def driver_facts() -> GpuFacts:
    """Return the answers of the driver, without importing torch; never raises."""
    gpu = visible_gpu()
    board = gpu.model if gpu else None
    return GpuFacts(
        node=os.environ.get(NODE),
        libcuda=_loads("libcuda.so.1"),
        driver=driver_version(),
        board=board,
        capability=(gpu.compute_capability() if gpu else None) or (gpu_capability(board) if board else None),
    )


def problem_of(facts: GpuFacts) -> NeurogradeError | None:
    """Return the error that keeps torch from using the GPU, or None.

    A missing board or driver is the node's fault, and another node may have them: exit code 69 in a pod, 78 outside a
    cluster. An old driver, a board without kernels and a torch without CUDA are the same on every node: 78.
    """
    if (reason := _hopeless(facts)) is not None:
        return SpecError(f"{facts}: {reason}")
    if (reason := _absent(facts)) is None:
        return None
    if facts.node:
        return DeviceUnavailable(f"{facts}: {reason}; the pod asks for a GPU: it is tried again, where others are free")
    return SpecError(
        f"device: 'cuda' is asked for, but torch sees no GPU here; accepted are auto and cpu ({facts}: {reason})"
    )


def _hopeless(facts: GpuFacts) -> str | None:
    """Return the reason why no node of this kind will do, or None."""
    if facts.torch_cuda is None:  # a build for AMD's boards has none either, and may work
        return None if facts.available else "this torch was built without CUDA; install that of requirements.lock"
    if facts.driver is not None and _numbers(facts.driver) < _numbers(LEAST_DRIVER) and not facts.available:
        return f"CUDA {facts.torch_cuda} needs driver {LEAST_DRIVER} or newer; on GKE: {LATEST_DRIVER}"
    if facts.capability is not None and not has_kernels(facts.capability, facts.kernels):
        return f"torch has kernels for {', '.join(facts.kernels)} only; {ACCEPTED_BOARDS}"
    return None


def _absent(facts: GpuFacts) -> str | None:
    """Return the reason why this very node has no GPU for torch, or None."""
    if facts.available:
        return None
    if facts.driver is None or not facts.libcuda:
        return "libcuda.so.1 cannot be loaded, there is no NVIDIA driver"
    if facts.board is None:
        return "the driver shows no GPU to this process"
    return None if facts.available is None else "torch cannot initialise the GPU"


def check_board(model: str, option: str) -> None:
    """Raise SpecError if torch has no kernels for the board `model`; a board that no table knows passes.

    Args:
        model: Name of the board, such as `T4`.
        option: Where the name comes from, for the message: `--gpu`.
    """
    capability = gpu_capability(model)
    if capability is not None and not has_kernels(capability):
        raise SpecError(
            f"{option}: {model!r} has compute capability {_shown(capability)}, and the image's torch has no kernels "
            f"for it; {ACCEPTED_BOARDS}"
        )


def has_kernels(capability: Capability, kernels: Sequence[str] = KERNELS) -> bool:
    """Return True if code for `kernels` runs on a board: of the same major number, no newer minor; PTX on all newer.

    >>> has_kernels((8, 9)), has_kernels((7, 0)), has_kernels((11, 0)), has_kernels((12, 1), ["compute_90"])
    (True, False, False, True)
    """
    for kernel in kernels:
        kind, _, number = kernel.partition("_")
        built = (int(re.sub(r"\D", "", number)) // 10, int(re.sub(r"\D", "", number)) % 10)
        if built <= capability and (kind == "compute" or built[0] == capability[0]):
            return True
    return False


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _shown(capability: Capability) -> str:
    return ".".join(map(str, capability))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
