"""The device to compute on, and what makes its results the same every time."""

from __future__ import annotations

import ctypes
import os

import torch

from neurograde.errors import SpecError
from neurograde.runtime.machine import usable_cores

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # glibc's malloc.h


def prepare_device(device: str, workers: int | None, *, deterministic: bool = True) -> torch.device:
    """The device that a spec asks for, with `workers` threads (all usable cores if None).

    Deterministic algorithms alone are used, unless `deterministic` is off: then a GPU may also try out which of its
    convolutions is the fastest.

    Raises:
        SpecError: a GPU is asked for where there is none.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or cuBLAS may sum in another order each time
    torch.use_deterministic_algorithms(deterministic)
    # Else it also fills all memory that is about to be written: up to 13 % of the time, for bits that nobody reads.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = not deterministic
    torch.set_num_threads(workers or usable_cores())
    if device == "cuda" and not torch.cuda.is_available():
        raise SpecError("device: 'cuda' is asked for, but torch sees no GPU here; accepted are auto and cpu")
    if device != "cpu" and torch.cuda.is_available():
        return torch.device("cuda")
    keep_freed_memory()
    return torch.device("cpu")


def keep_freed_memory() -> None:
    """Let the process use again what its tensors freed, where malloc is glibc's.

    By itself it gives every large tensor back to the system and asks for the next one, which the kernel clears page by
    page as it is first written: more than half of the time of a pass of MobileNetV2. The price is that a process stays
    as large as it once was, and grows larger, by up to a fifth (VGG11, all of it trained), for pieces that do not fit.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
