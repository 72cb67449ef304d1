"""Logs to stderr: readable lines on a terminal, one JSON line per event elsewhere. Data goes to stdout, never here."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from neurograde.maths.text import json_line, printable, without_secrets

log = logging.getLogger("neurograde")
console = Console(stderr=True)
"""The terminal, if there is one: shared by log and progress, so that a line goes above the bar and not through it."""
STYLES = {logging.WARNING: "yellow", logging.ERROR: "bold red"}


def set_up(job: str) -> None:
    """Send the log of this process to stderr, in the form that suits a terminal or a file."""
    handler: logging.Handler
    if sys.stderr.isatty():
        handler = TerminalLines()
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines(job))
    # Its errors reach us as exceptions; its own traceback of every retry helps nobody.
    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False


class TerminalLines(logging.Handler):
    """Lines of time and message, never wrapped, so that paths and commands can be copied."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print `record`, above the progress bar if one is shown."""
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%X ")
        message = (printable(without_secrets(record.getMessage())), STYLES.get(record.levelno, ""))
        console.print(Text.assemble((time, "dim"), message), soft_wrap=True)
        if record.exc_info:
            console.print_exception()


class JsonLines(logging.Formatter):
    """Lines of one JSON object each: time, level, job, event and further fields (`extra={"fields": ...}`)."""

    def __init__(self, job: str) -> None:
        """Name the job that every line repeats."""
        super().__init__()
        self.job = job

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for `record`; a traceback goes into it as text."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "job": self.job,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json_line(
            {key: without_secrets(value) if isinstance(value, str) else value for key, value in line.items()}
        )
