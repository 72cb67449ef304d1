"""The device to compute on, and the settings that give the same results every time."""

from __future__ import annotations

import ctypes
import os
from dataclasses import replace

import torch

from neurograde.errors import NeurogradeError
from neurograde.runtime.cuda import GpuFacts, driver_facts, problem_of
from neurograde.runtime.log import log
from neurograde.runtime.machine import usable_cores

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # glibc's malloc.h


def prepare_device(device: str, workers: int | None, *, deterministic: bool = True) -> torch.device:
    """Return the device that a spec asks for, with `workers` threads (all usable cores if None).

    Uses deterministic algorithms only, unless `deterministic` is off: then a GPU may also try out which of its
    convolutions is the fastest.

    Raises:
        DeviceUnavailable: `cuda` is asked for in a pod whose node has no usable GPU.
        SpecError: `cuda` is asked for, and no GPU of this kind will do: an old driver, a board without kernels.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or cuBLAS may sum in another order each time
    torch.use_deterministic_algorithms(deterministic)
    # Else it also fills all memory that is about to be written: up to 13 % of the time, for bits that nobody reads.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = not deterministic
    # Convolutions would else take TF32, with 10 bits of mantissa, for float32.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.set_num_threads(workers or usable_cores())
    if device != "cpu":
        facts, problem = examine_gpu()
        if problem is None:
            return torch.device("cuda")
        if device == "cuda":
            raise problem
        if facts.board is not None:
            log.warning(f"computing on the CPU: {problem}")
    keep_freed_memory()
    return torch.device("cpu")


def examine_gpu() -> tuple[GpuFacts, NeurogradeError | None]:
    """Return the facts about the first GPU of this machine, and the error that keeps torch from using it, or None."""
    facts = gpu_facts()
    return facts, problem_of(facts)


def gpu_facts() -> GpuFacts:
    """Return the answers of the driver and of torch about the first GPU of this machine; never raises."""
    available = torch.cuda.is_available()
    facts = replace(driver_facts(), torch_cuda=torch.version.cuda, available=available)
    if not available:
        return facts
    capability = torch.cuda.get_device_capability()
    return replace(facts, capability=capability, kernels=tuple(torch.cuda.get_arch_list()))


def keep_freed_memory() -> None:
    """Let the process use again what its tensors freed, where malloc is glibc's.

    By default malloc gives every large tensor back to the system and asks for the next one, which the kernel clears
    page by page as it is first written: more than half of the time of a pass of MobileNetV2. The price is that a
    process stays as large as it once was, and grows larger, by up to a fifth (VGG11, all of it trained), for pieces
    that do not fit.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
