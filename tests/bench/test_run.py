"""A run of the benchmarks ends with what could be measured, and keeps what was measured before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.bench.__main__ import run
from tests.bench.bench_patch import entry
from tests.bench.images import NotMeasured


def fast() -> dict[str, Any]:
    return entry("fast", [2.0, 3.0, 4.0], 1.0, "times as fast", "a stand-in")


def broken() -> dict[str, Any]:
    raise RuntimeError("it broke")


def without_images() -> dict[str, Any]:
    raise NotMeasured("it needs real images")


def test_one_that_fails_or_lacks_its_images_does_not_keep_the_next_from_running(tmp_path: Path, capsys):
    result = tmp_path / "bench.json"
    assert run({"broken": broken, "without": without_images, "fast": fast}, result) == 1
    assert [row["name"] for row in json.loads(result.read_text())] == ["fast"]
    said = capsys.readouterr().err
    assert "it broke" in said
    assert "without: not measured: it needs real images" in said
    assert "failed: broken" in said
    assert run({"without": without_images}, result) == 0


def test_measuring_one_figure_keeps_the_others(tmp_path: Path):
    result = tmp_path / "bench.json"
    result.write_text(json.dumps([{"name": "slow", "ratio": 1.5}, {"name": "fast", "ratio": 0.1}]))
    assert run({"fast": fast}, result) == 0
    slow, new = json.loads(result.read_text())
    assert slow == {"name": "slow", "ratio": 1.5}
    assert (new["name"], new["ratio"]) == ("fast", 3.0)
