"""The identity of a pod on Google's cloud comes from the metadata server, and the first token may take seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.faults import FOREVER
from tests.servers.fixtures import Bucket
from tests.servers.metadata import metadata_server

ROOT = Path(__file__).parents[2]
READ = "import sys; from neurograde.storage.store import Store; sys.stdout.buffer.write(Store(sys.argv[1]).get('x/a'))"


@pytest.mark.parametrize("refusals", [0, 1, 4])
def test_the_first_tokens_that_the_metadata_server_refuses_are_asked_for_again(gcs: Bucket, refusals: int, tmp_path):
    gcs.store().put("x/a", b"0123456789")
    gcs.faults.fail("GET|POST", kind="stranger", times=FOREVER)
    with metadata_server(refusals) as server:
        # Google's libraries read where the server is when they are imported: a process of its own, as a pod is.
        environment = {**os.environ, **server.environment, "HOME": str(tmp_path)}
        command = [sys.executable, "-c", READ, gcs.url]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=60)
        assert (done.returncode, done.stdout) == (0, b"0123456789"), done.stderr.decode()[-500:]
        assert server.refusals == 0
        assert server.tokens >= 1
