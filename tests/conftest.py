"""What tests of several rooms use."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tests.servers.fixtures import bucket, gcs, gcs_server, s3, s3_server
from tests.support.slow import is_slow

__all__ = ["bucket", "gcs", "gcs_server", "s3", "s3_server"]  # fixtures are found by their names here

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
_numbers = itertools.count()


def pytest_configure() -> None:
    """Give each worker of a parallel run a core of its own: torch's threads spin, and two pools on one core crawl."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that `make test-quick` leaves out."""
    for item in items:
        if is_slow(item.path, getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def memory_url() -> Iterator[str]:
    """A store in memory that no other test knows."""
    root = f"test-{next(_numbers)}"
    yield f"memory://{root}"
    files = MemoryFileSystem()
    if files.exists(f"/{root}"):
        files.rm(f"/{root}", recursive=True)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local cache for each test: what one has packed must not hide from another that its store is damaged."""
    monkeypatch.setenv("NEUROGRADE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def shared() -> Path:
    """Real images, slides and weights; a test that needs them is skipped, visibly, where they are not."""
    if not SHARED.is_dir():
        pytest.skip("needs the folder shared/ beside the repository: real images and weights")
    return SHARED
