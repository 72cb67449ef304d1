"""doctor: what it says of this machine, of a stand-in for a driver, and of stores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jobs.doctor import doctor
from neurograde.errors import SpecError
from neurograde.runtime import doctor as examination
from neurograde.runtime.cuda import GpuFacts

T4 = GpuFacts(node=None, libcuda=True, driver="580.95.05", board="T4", capability=(7, 5))


def test_it_names_versions_processor_memory_and_a_store_that_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert doctor.main(["--store", f"file://{tmp_path}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "neurograde", "packages", "processor", "memory", "GPU", "browser", "store",
    ]  # fmt: skip
    assert "objects can be created, read and deleted" in lines[-1]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("facts", "code", "words"),
    [
        (T4, 0, ""),
        (replace(T4, driver="535.104.05"), SpecError.exit_code, "needs driver 580"),
        (replace(T4, board="V100", capability=(7, 0)), SpecError.exit_code, "torch has kernels for"),
        (replace(T4, driver=None, board=None, capability=None, libcuda=False), 0, ""),
    ],
    ids=["good", "an old driver", "a board without kernels", "none"],
)
def test_it_ends_as_a_job_on_this_gpu_would(
    facts: GpuFacts, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(examination, "driver_facts", lambda: facts)
    assert doctor.main([]) == code
    captured = capsys.readouterr()
    assert words in captured.err
    assert (facts.board or "none") in captured.out


def test_a_store_that_cannot_be_used_ends_with_its_exit_code(capsys: pytest.CaptureFixture[str]):
    assert doctor.main(["--store", "nowhere://bucket"]) == SpecError.exit_code
    assert "nowhere" in capsys.readouterr().err
