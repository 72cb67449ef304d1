"""The end of a command: its exit code, its last log lines, and the last words that a cluster keeps."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from neurograde.errors import AccessDenied, NeurogradeError, Stopped
from neurograde.maths.text import printable, without_secrets
from neurograde.runtime.extras import missing_extra
from neurograde.runtime.log import log, set_up
from neurograde.runtime.signals import sigterm_stops
from neurograde.runtime.up_to_date import UpToDate

LAST_WORDS, MESSAGE_BYTES = "NEUROGRADE_LAST_WORDS", 4096


def run(name: str, work: Callable[[], int | None]) -> int:
    """Run `work` as the command `name`, and return the exit code of the contract (`neurograde.errors`).

    Args:
        name: Name of the command, for the log.
        work: The command itself. It returns an exit code, or None for 0.
    """
    set_up(name)
    try:
        with sigterm_stops():
            return work() or 0
    except UpToDate as done:
        log.info(str(done))
        return 0
    except (NeurogradeError, Stopped) as error:
        return _end_with(error)
    except KeyboardInterrupt:
        log.error("interrupted: nothing is lost; the same command goes on")
        return Stopped.exit_code
    except Exception as error:
        ours = _as_ours(name, error)
        if ours is not None:
            return _end_with(ours)
        log.exception(f"a bug in neurograde {name}; please report it with this traceback")
        message = printable(without_secrets(f"{type(error).__name__}: {error}"))
        leave_message(f"a bug in neurograde {name}: {message}", NeurogradeError.exit_code)
        return NeurogradeError.exit_code


def _as_ours(name: str, error: Exception) -> NeurogradeError | None:
    """Return the error of the tree for one that is no bug and that no retry mends, or None."""
    if isinstance(error, ImportError):
        return missing_extra(name, error)
    if isinstance(error, PermissionError):  # outside stores: a folder for results, a cache
        return AccessDenied(f"{error.filename or name}: {error.strerror or error}")
    return None


def _end_with(error: NeurogradeError | Stopped) -> int:
    """Log the error, leave it as last words, and return its exit code."""
    for line in str(error).splitlines():
        log.error(line, extra={"fields": {"exit_code": error.exit_code}})
    leave_message(str(error), error.exit_code)
    return error.exit_code


def leave_message(text: str, exit_code: int) -> None:
    """Write why the process ends to the file that NEUROGRADE_LAST_WORDS names, if it names one.

    `kubectl describe pod` shows it. Kubernetes keeps 4096 bytes of the file.
    """
    path = os.environ.get(LAST_WORDS)
    if path:
        message = f"exit {exit_code}: {text}".encode()
        with suppress(OSError):  # nothing depends on it
            Path(path).write_bytes(message if len(message) <= MESSAGE_BYTES else message[: MESSAGE_BYTES - 3] + b"...")
