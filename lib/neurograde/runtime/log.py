"""Logs to stderr: human on a terminal, one JSON line an event elsewhere. Data goes to stdout, never here."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from rich.console import Console
from rich.logging import RichHandler

log = logging.getLogger("neurograde")


def set_up(job: str) -> None:
    """Send the log of this process to stderr, in the form that suits what stderr is."""
    handler: logging.Handler
    if sys.stderr.isatty():
        handler = RichHandler(console=Console(stderr=True), show_path=False, show_level=False, log_time_format="%X")
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines(job))
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, job, event and what else the event carries (`extra={"fields": ...}`)."""

    def __init__(self, job: str) -> None:
        """Lines of the job named `job`."""
        super().__init__()
        self.job = job

    def format(self, record: logging.LogRecord) -> str:
        """The line for `record`; a traceback, if there is one, goes into it as text."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "job": self.job,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
