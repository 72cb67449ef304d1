"""The GPU check, rehearsed on a CPU: the same code, so that the one run on a lent board is not spent on a slip."""

from __future__ import annotations

import json
import time

import pytest

from tests.bench.gpu_check import PARTS, main, run
from tests.bench.gpu_size import DRY, Size


def fails(_size: Size) -> None:
    """Stand in for a part with a mistake."""
    raise ValueError("a mistake")


def sleeps(_size: Size) -> None:
    """Stand in for a part that never ends."""
    time.sleep(600)


def test_a_part_that_fails_or_comes_too_late_is_recorded_beside_the_others():
    assert run(fails, DRY, time.monotonic() + 60) == {"failed": "ValueError: a mistake"}
    assert "skipped" in run(fails, DRY, time.monotonic() - 1)
    start = time.monotonic()
    assert "longer than the time" in run(sleeps, DRY, time.monotonic() + 3)["skipped"]
    assert time.monotonic() - start < 60


@pytest.mark.slow
@pytest.mark.parametrize("part", [part for part in PARTS if part != "cublas"])
def test_every_part_runs_on_a_cpu(part: str, capsys):
    assert main(["--device", "cpu", "--only", part]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rehearsal"] is True
    assert report["parts"][part]["result"]
    json.dumps(report, allow_nan=False)


@pytest.mark.slow
def test_both_settings_of_cublas_are_measured_in_processes_of_their_own(capsys):
    assert main(["--device", "cpu", "--only", "cublas"]) == 0
    results = json.loads(capsys.readouterr().out)["parts"]["cublas"]["result"]
    assert list(results) == ["4096:8", "16:8"]
    assert all("result" in part for parts in results.values() for part in parts.values())
