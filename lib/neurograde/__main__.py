"""The `neurograde` command: every job and tool under one name.

neurograde --help
neurograde train specs/demo/train.yaml
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence

from neurograde import __version__
from neurograde.errors import UsageError
from neurograde.runtime import exits, invocation
from neurograde.specs.catalogue import COMMANDS, JOBS

NAMES = (*(entry.name for entry in JOBS), *COMMANDS)
USAGE = "neurograde JOB ..., neurograde JOB --help, neurograde --help or neurograde --version"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job that the first argument names with the other arguments, and return its exit code."""
    name, *rest = sys.argv[1:] if argv is None else [*argv] or [""]
    name = name.removeprefix("--") if name == "--doctor" else name
    if name in NAMES:
        return int(invocation.load(name).main(rest))
    return exits.run("neurograde", lambda: _answer(name))


def _answer(name: str) -> None:
    if name == "--version":
        _print(f"neurograde {__version__}")
    elif name in ("--help", "-h"):
        _print(_help())
    else:
        near = difflib.get_close_matches(name, NAMES, 1)
        said = f"{name!r} is no job{f'; did you mean {near[0]}?' if near else ''}" if name else "no job is named"
        raise UsageError(f"{said}; accepted: {', '.join(NAMES)}; usage: {USAGE}")


def _print(text: str) -> None:
    """Print `text`; a reader that has seen enough, as `head` has, may close the pipe."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _help() -> str:
    width = max(map(len, NAMES))
    jobs = [f"  {entry.name:{width}}  {invocation.summary(entry.name)}" for entry in JOBS]
    tools = [f"  {name:{width}}  {invocation.summary(name)}" for name in COMMANDS]
    return "\n".join([f"usage: {USAGE}", "", "jobs, in the order of the chain:", *jobs, "", "tools:", *tools])


if __name__ == "__main__":
    sys.exit(main())
