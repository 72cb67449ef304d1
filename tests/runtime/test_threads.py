"""How torch's threads wait for each other: asleep, unless the user says otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SHOWS = "import neurograde, torch"  # OpenMP prints its settings as it is loaded


@pytest.mark.parametrize(("own", "policy"), [(None, "PASSIVE"), ("active", "ACTIVE")])
def test_threads_wait_asleep_unless_the_user_says_otherwise(own: str | None, policy: str):
    environment = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    environment |= {"OMP_DISPLAY_ENV": "TRUE"} | ({} if own is None else {"OMP_WAIT_POLICY": own})
    shown = subprocess.run([sys.executable, "-c", SHOWS], env=environment, capture_output=True, text=True, check=True)
    if "OPENMP DISPLAY ENVIRONMENT" not in shown.stderr:
        pytest.skip("this build of torch shows no settings of OpenMP")
    assert f"OMP_WAIT_POLICY = '{policy}'" in shown.stderr
