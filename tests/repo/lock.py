"""Resolve requirements.lock again from pyproject.toml: `make lock`, which needs uv.

What the jobs need comes first, what only development needs below `DEVELOPMENT`: the image and `make demo` install the
upper part, `make test` both. `UV_CONSTRAINT=requirements.lock make lock` keeps the versions of before where it can.
Every package has its version and hashes; no index is named, so that each laboratory uses its own.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
DEVELOPMENT = "# what only development needs"
EXTRAS = ("baselines", "export", "s3", "slides", "train")
"""The extras that jobs need: the upper part of the lock, and the image, have them all."""
UV = ("uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version=3.11", "--generate-hashes")


def blocks(lock: str) -> dict[str, str]:
    """Each package's lines, by the line that names it: `numpy==2.4.6 \\`."""
    return {block.split(" ;")[0].split(" \\")[0]: block for block in re.split(r"\n(?=\w)", lock.strip()) if block}


def joined(jobs: str, everything: str) -> str:
    """The lock file from the two resolutions."""
    development = blocks(everything)
    for name in blocks(jobs):
        del development[name]  # a KeyError: the two resolutions disagree on a version
    return f"{jobs.strip()}\n{DEVELOPMENT}\n" + "\n".join(development.values()) + "\n"


def _resolve(*extras: str) -> str:
    options = [f"--extra={extra}" for extra in extras]
    command = [*UV, "--no-header", "--no-emit-index-url", "--no-annotate", "--quiet", *options]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    LOCK.write_text(joined(_resolve(*EXTRAS), _resolve(*EXTRAS, "dev", "notebook")))
    sys.stdout.write(f"{LOCK.name}: {LOCK.read_text().count('==')} packages\n")
