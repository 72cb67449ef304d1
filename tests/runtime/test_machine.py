from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neurograde.runtime.machine import (
    MachineFacts,
    cpu_model,
    machine_facts,
    software_versions,
    usable_cores,
    usable_ram_gib,
)


def tree(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_facts_of_this_machine_survive_json() -> None:
    facts = machine_facts()
    assert MachineFacts.parse(facts.model_dump(mode="json")) == facts
    assert 1 <= facts.logical_cores <= (os.cpu_count() or 1)
    assert facts.software["numpy"] == np.__version__


def test_versions_are_read_without_importing_torch_so_that_a_finished_job_starts_at_once() -> None:
    code = (
        "import sys; from neurograde.runtime.machine import machine_facts; machine_facts();"
        "sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert {"torch", "numpy", "pillow"} <= set(software_versions())


@pytest.mark.parametrize(("quota", "cores"), [("50000 100000\n", 1), ("150000 100000\n", 2)])
def test_a_container_s_quota_limits_the_cores(tmp_path: Path, quota: str, cores: int) -> None:
    tree(tmp_path, proc__self__cgroup="0::/pod/box\n", sys__fs__cgroup__pod__cpu_dot_max=quota)
    assert usable_cores(tmp_path) == min(cores, usable_cores(tmp_path / "nothing"))


def test_a_quota_of_the_first_kind_limits_the_cores_too(tmp_path: Path) -> None:
    tree(
        tmp_path,
        proc__self__cgroup="4:cpu,cpuacct:/\n3:memory:/\n",
        sys__fs__cgroup__cpu__cpu_dot_cfs_quota_us="100000\n",
        sys__fs__cgroup__cpu__cpu_dot_cfs_period_us="100000\n",
    )
    assert usable_cores(tmp_path) == 1


@pytest.mark.parametrize("quota", ["max 100000\n", ""])
def test_without_a_quota_the_affinity_mask_counts(tmp_path: Path, quota: str) -> None:
    tree(tmp_path, proc__self__cgroup="0::/\n", sys__fs__cgroup__cpu_dot_max=quota)
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))


def test_the_tightest_limit_of_all_control_groups_is_the_memory(tmp_path: Path) -> None:
    tree(
        tmp_path,
        proc__self__cgroup="0::/pod/box\n",
        sys__fs__cgroup__pod__memory_dot_max=f"{2**29}\n",
        sys__fs__cgroup__pod__box__memory_dot_max="max\n",
    )
    assert usable_ram_gib(tmp_path) == 0.5
    tree(tmp_path, proc__self__cgroup="3:memory:/\n", sys__fs__cgroup__memory__memory_dot_limit_in_bytes=f"{2**63}")
    assert usable_ram_gib(tmp_path) == usable_ram_gib(tmp_path / "nothing")


def test_the_processor_goes_by_its_own_name(tmp_path: Path) -> None:
    tree(tmp_path, proc__cpuinfo="processor\t: 0\nmodel name\t: Epyc (R) : 7\nmodel name\t: other\n")
    assert cpu_model(tmp_path) == "Epyc (R) : 7"


def test_a_pod_knows_region_and_zone_of_its_node_and_other_machines_say_nothing_of_them(monkeypatch):
    monkeypatch.setenv("NODE_REGION", "")
    monkeypatch.delenv("NODE_ZONE", raising=False)
    assert {"region", "zone"}.isdisjoint(machine_facts().model_dump(mode="json"))
    monkeypatch.setenv("NODE_REGION", "europe-west4")
    monkeypatch.setenv("NODE_ZONE", "europe-west4-b")
    facts = machine_facts()
    assert (facts.region, facts.zone) == ("europe-west4", "europe-west4-b")
