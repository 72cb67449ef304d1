"""What tests of several rooms use."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tests.servers.fixtures import bucket, gcs, gcs_server, s3, s3_server
from tests.support.slow import is_slow

__all__ = ["bucket", "gcs", "gcs_server", "s3", "s3_server"]  # fixtures are found by their names here

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
_numbers = itertools.count()


def pytest_configure() -> None:
    """Pin each worker of a parallel run to a core: two pools of threads on one core slow each other."""
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


@pytest.fixture(autouse=True)
def no_heartbeat_outlives_its_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the heartbeats of claims that a test has left, as a killed process would: the next test has other faults."""
    from neurograde.storage.claim import Claim

    claims, begin = [], Claim.__init__

    def remembered(claim: Claim, *arguments: Any, **options: Any) -> None:
        begin(claim, *arguments, **options)
        claims.append(claim)

    monkeypatch.setattr(Claim, "__init__", remembered)
    yield
    for claim in claims:
        claim._end_heartbeat()


@pytest.fixture
def shared() -> Path:
    """Real images, slides and weights; a test that needs them is skipped, visibly, where they are not."""
    if not SHARED.is_dir():
        pytest.skip("needs the folder shared/ beside the repository: real images and weights")
    return SHARED
