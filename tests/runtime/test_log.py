"""The log: lines for people on a terminal, JSON elsewhere."""

from __future__ import annotations

import json
import logging

import pytest

from neurograde.runtime.log import TerminalLines, log, set_up

LONG = "make it with: python -m jobs.patch " + "a/very/long/path/" * 20 + "patch.yaml"


def test_without_a_terminal_every_event_is_one_json_object(capsys: pytest.CaptureFixture[str]):
    set_up("patch")
    log.info("two\nlines", extra={"fields": {"artefact": "patches/demo"}})
    line = json.loads(capsys.readouterr().err)
    assert (line["job"], line["event"], line["artefact"]) == ("patch", "two\nlines", "patches/demo")


def test_on_a_terminal_a_path_is_never_broken_nor_taken_for_markup(capsys: pytest.CaptureFixture[str]):
    for message in (LONG, "learning_rates.0: [bold]"):
        TerminalLines().emit(logging.LogRecord("x", logging.ERROR, "", 0, message, None, None))
        assert capsys.readouterr().err[9:] == message + "\n"
