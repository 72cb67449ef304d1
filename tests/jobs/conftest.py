"""What tests of the jobs use: a folder of small images that look like tissue, and specs to run on it."""

from __future__ import annotations

import importlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from neurograde.storage.store import Store

if TYPE_CHECKING:
    from tests.jobs.laboratory import Laboratory

PATTERN = r"(?P<class>[^/]+)/(?P<family>.+)_\d+\.png"


def paint(path: Path, seed: int, width: int = 100, height: int = 70) -> None:
    """Write a noisy purple image: all of it counts as tissue, and no two patches are the same."""
    pixels = np.random.default_rng(seed).normal((150, 80, 160), 30, (height, width, 3)).clip(0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


class DyingStore(Store):
    """Kills its own process as it is about to write, or has just written, the n-th object of a kind."""

    def __init__(self, url: str, kind: str, n: int, *, after: bool) -> None:
        super().__init__(url)
        self.kind, self.left, self.after = kind, n, after

    def put(self, key: str, data: bytes) -> None:
        self._or_die(super().put, key, data)

    def create(self, key: str, data: bytes) -> None:
        self._or_die(super().create, key, data)

    def _or_die(self, write: Callable[[str, bytes], None], key: str, data: bytes) -> None:
        self.left -= f"/{self.kind}" in key
        doomed = self.left == 0 and f"/{self.kind}" in key
        if doomed and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        write(key, data)
        if doomed:
            os.kill(os.getpid(), signal.SIGKILL)


def outcome(child: int) -> int:
    """Exit code of the process, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """A store in which a model has been evaluated; tests add to it and change nothing of it."""
    from tests.jobs.laboratory import Laboratory

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
