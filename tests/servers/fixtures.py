"""Object stores over HTTP for any test: `gcs`, `s3`, or `bucket`, which is both of them in turn.

A server is started once by each worker, on first use, and has a fresh bucket for every test.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from neurograde.storage import edge
from neurograde.storage.store import Store
from tests.servers.faults import Faults
from tests.servers.front import BUCKETS

ROOT = Path(__file__).parents[2]
QUICK = edge.Patience(seconds=2.0, first_wait=0.002, longest_wait=0.05)  # a hundredth of the real waits
_numbers = itertools.count()


@dataclass(frozen=True)
class Bucket:
    """A fresh bucket on a server that can be told to fail."""

    url: str
    """Store URL: `gs://test-3/store`."""
    faults: Faults

    def store(self) -> Store:
        """The store; another handle at every call."""
        return Store(self.url)


@contextmanager
def serve(api: str) -> Iterator[str]:
    """A server of `api` (gcs or s3) as a process of its own; its root URL."""
    command = [sys.executable, "-m", "tests.servers", api]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[str]:
    with serve("gcs") as url:
        yield url


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    with serve("s3") as url:
        yield url


@pytest.fixture
def gcs(gcs_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A fresh bucket of Google Cloud Storage."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_server)
    name = f"test-{next(_numbers)}"
    _open_bucket(gcs_server, name)
    yield from _bucket(f"gs://{name}/store", gcs_server, monkeypatch)


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A fresh bucket of Amazon S3."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    name = f"test-{next(_numbers)}"
    _open_bucket(s3_server, name)
    yield from _bucket(f"s3://{name}/store", s3_server, monkeypatch)


@pytest.fixture(params=["gcs", "s3"])
def bucket(request: pytest.FixtureRequest) -> Bucket:
    """A fresh bucket, of the one and of the other."""
    return request.getfixturevalue(request.param)


def _bucket(url: str, server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setattr(edge, "PATIENCE", QUICK)
    faults = Faults(server)
    faults.clear()
    yield Bucket(url, faults)
    faults.clear()


def _open_bucket(server: str, name: str) -> None:
    urllib.request.urlopen(f"{server}{BUCKETS}{name}", data=b"", timeout=10).close()
