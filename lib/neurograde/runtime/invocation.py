"""Ways to start a job: the command to print, the process to start, the function to call.

In a clone the jobs are the folder `jobs/` beside `lib/`. An installed wheel has them as `neurograde.jobs`.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import neurograde

_PACKAGE = Path(neurograde.__file__).parent
_INSTALLED, _CLONED = _PACKAGE / "jobs", _PACKAGE.parents[1] / "jobs"


def shown(job: str, *words: str) -> str:
    """Return the command that starts `job` from the working directory, as a person would type it.

    That is `python -m jobs.<job>` in a clone of the repository, and `neurograde <job>` elsewhere.
    """
    if Path("jobs", f"{job}.py").is_file():
        return " ".join((f"python -m jobs.{job}", *words))
    return kept(job, *words)


def kept(job: str, *words: str) -> str:
    """Return the command that starts `job` as files keep it: right in any folder, wherever neurograde is installed."""
    return " ".join((f"neurograde {job}", *words))


def adapted(text: str) -> str:
    """Return a text with the commands of a clone, `python -m jobs.<job>`, as `shown` gives them here."""
    return re.sub(r"python -m jobs\.(\w+)", lambda match: shown(match[1]), text)


def arguments_of_process(job: str, *words: str) -> list[str]:
    """Return the arguments of a process that runs `job` with this interpreter, from any working directory."""
    return [sys.executable, "-m", "neurograde", job, *words]


def load(job: str) -> Any:
    """Import the module of `job` and return its command: an object with `main(argv) -> exit code`."""
    if _INSTALLED.is_dir():
        package = "neurograde.jobs"
    else:
        package = "jobs"
        if str(_CLONED.parent) not in sys.path:
            sys.path.append(str(_CLONED.parent))
    return getattr(importlib.import_module(f"{package}.{job}"), job)


def summary(job: str) -> str:
    """Return the first line of the module of `job`, without its name; the module is not imported."""
    folder = _INSTALLED if _INSTALLED.is_dir() else _CLONED
    text = ast.get_docstring(ast.parse((folder / f"{job}.py").read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].removeprefix(f"{job}: ")
