"""What tests of the jobs use: a folder of small images that look like tissue, and specs to run on it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.images import PATTERN, paint

if TYPE_CHECKING:
    from tests.support.laboratory import Laboratory


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """A store in which a model has been evaluated; tests add to it and change nothing of it."""
    from tests.support.laboratory import Laboratory

    return Laboratory(tmp_path_factory.mktemp("laboratory"))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two classes of four cases, 100 x 70 px: six patches of 32 px each."""
    folder = tmp_path / "images"
    for label in ("D", "PD"):
        for case in range(4):
            paint(folder / label / f"case {label}{case}_1.png", 10 * case + len(label))
    return folder


@pytest.fixture
def run(
    tmp_path: Path, memory_url: str, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, list[dict[str, Any]]]]:
    """Run a job on a spec made of keywords: exit code and log lines."""

    def run(job: str, *options: str, **fields: object) -> tuple[int, list[dict[str, Any]]]:
        spec = {"job": job, "name": "demo", "store": memory_url, "region": "FRA"} | fields
        path = tmp_path / f"{job}.yaml"
        path.write_text(json.dumps(spec))
        code = getattr(importlib.import_module(f"jobs.{job}"), job).main([str(path), *options])
        return code, [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return run


@pytest.fixture
def patch(run, images: Path):
    """Run `patch` on the images, with whatever a test changes."""

    def patch(*options: str, source: dict[str, object] | None = None, **fields: object):
        source = {"url": str(images), "pattern": PATTERN} if source is None else source
        return run("patch", *options, **{"source": source, "patch_size_px": 32, "min_tissue_share": 0.05} | fields)

    return patch
