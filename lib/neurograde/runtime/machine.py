"""Facts of the machine that a job ran on, for its manifest: gathered in milliseconds, without importing torch."""

from __future__ import annotations

import math
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Annotated

from pydantic import Field

from neurograde.runtime.nvml import visible_gpu
from neurograde.specs.base import Model

PACKAGES = ("neurograde", "numpy", "pillow", "scipy", "torch", "torchvision")
"""Packages whose version can change a result."""

REGION = "NODE_REGION"
"""Variable with the region of the cluster's node; empty or missing where nobody knows it."""

_UNLIMITED_BYTES = 2**60  # cgroup v1 writes a number near 2^63 for "no limit"


class MachineFacts(Model):
    """Facts that may explain a duration, an energy or a last bit; null if the machine does not report them."""

    cpu_model: str | None
    """The processor's own name."""
    logical_cores: int
    """Logical cores that this process may use: its affinity mask and its container's quota, whichever is less."""
    ram_gib: float | None
    """Memory that this process may use, in GiB: the machine's or its container's limit, whichever is less."""
    gpu_model: str | None
    """The first GPU that CUDA shows to this process."""
    os: str
    """Kernel, its release and the instruction set."""
    python: str
    """Version of Python."""
    software: dict[str, str]
    """Versions of the packages that can change a result."""
    node: str | None = None
    """Node of the cluster, from NODE_NAME."""
    job: str | None = None
    """Job of the cluster, from JOB_NAME."""
    pod: str | None = None
    """Pod, from POD_UID."""
    region: Annotated[str | None, Field(exclude_if=lambda value: value is None)] = None
    """Region of the node, from NODE_REGION; Kubernetes knows it in pods from 1.35 on."""
    zone: Annotated[str | None, Field(exclude_if=lambda value: value is None)] = None
    """Zone of the node, from NODE_ZONE."""


def machine_facts(root: Path = Path("/")) -> MachineFacts:
    """Return the facts of this machine and this process; /proc and /sys are read below `root`."""
    gpu = visible_gpu()
    return MachineFacts(
        cpu_model=cpu_model(root),
        logical_cores=usable_cores(root),
        ram_gib=usable_ram_gib(root),
        gpu_model=gpu.model if gpu else None,
        os=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        software=software_versions(),
        node=os.environ.get("NODE_NAME"),
        job=os.environ.get("JOB_NAME"),
        pod=os.environ.get("POD_UID"),
        region=os.environ.get(REGION) or None,
        zone=os.environ.get("NODE_ZONE") or None,
    )


def software_versions() -> dict[str, str]:
    """Return the installed versions of the packages that can change a result, from their metadata."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue  # run from a source tree, or an optional package
    return versions


def cpu_model(root: Path = Path("/")) -> str | None:
    """Return the name of the processor, or None if neither Linux nor Python knows it."""
    for line in _read(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or None


def usable_cores(root: Path = Path("/")) -> int:
    """Return the number of logical cores that this process may keep busy, at least 1.

    The container's quota counts in whole cores, rounded up: 1.5 cores feed two processes.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [float(affinity)]
    for folder in _cgroup_folders(root, "cpu"):
        quota, period = (*_read(folder / "cpu.max").split(), "", "")[:2]  # version 2: "150000 100000"
        if not quota:
            quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
        if quota.strip().isdigit() and int(period) > 0:  # else "max" or "-1"
            quotas.append(int(quota) / int(period))
    return max(1, math.ceil(min(quotas)))


def usable_ram_gib(root: Path = Path("/")) -> float | None:
    """Return the memory that this process may use, in GiB, to two decimals; None if the system does not report it."""
    try:
        limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (ValueError, OSError):
        limits = []
    for folder in _cgroup_folders(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            limit = _read(folder / name).strip()
            if limit.isdigit() and int(limit) < _UNLIMITED_BYTES:
                limits.append(int(limit))
    return round(min(limits) / 2**30, 2) if limits else None


def _cgroup_folders(root: Path, controller: str) -> list[Path]:
    """Return the folders of the process's control group and of the groups around it: their tightest limit holds."""
    folders = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        base = root / "sys/fs/cgroup" / (controller if controllers else "")
        group = base / path.lstrip("/")
        folders += [folder for folder in (group, *group.parents) if folder.is_relative_to(base)]
    return folders


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
