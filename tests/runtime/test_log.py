"""The log: lines for people on a terminal, JSON elsewhere."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
from rich.console import Console

from neurograde.runtime import log as logs
from neurograde.runtime.log import TerminalLines, log, set_up

LONG = "make it with: python -m jobs.patch " + "a/very/long/path/" * 20 + "patch.yaml"


def test_without_a_terminal_every_event_is_one_json_object(capsys: pytest.CaptureFixture[str]):
    set_up("patch")
    log.info("two\nlines", extra={"fields": {"artefact": "patches/demo"}})
    line = json.loads(capsys.readouterr().err)
    assert (line["job"], line["event"], line["artefact"]) == ("patch", "two\nlines", "patches/demo")


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING, logging.ERROR])
def test_on_a_terminal_only_the_time_is_dim(level: int, monkeypatch: pytest.MonkeyPatch):
    terminal = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")
    monkeypatch.setattr(logs, "console", terminal)
    TerminalLines().emit(logging.LogRecord("x", level, "", 0, "the message", None, None))
    before, _ = terminal.file.getvalue().split("the message")
    time, codes = before.rsplit("\x1b[0m", 1)  # the reset after the time; no code for dim follows it
    assert time.startswith("\x1b[2m")
    assert "2" not in re.findall(r"\d+", codes)


def test_on_a_terminal_a_path_is_never_broken_nor_taken_for_markup(capsys: pytest.CaptureFixture[str]):
    for message in (LONG, "learning_rates.0: [bold]"):
        TerminalLines().emit(logging.LogRecord("x", logging.ERROR, "", 0, message, None, None))
        assert capsys.readouterr().err[9:] == message + "\n"
