"""The log: lines for people on a terminal, JSON elsewhere."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
from rich.console import Console

from neurograde.errors import DataError, SpecError
from neurograde.runtime import log as logs
from neurograde.runtime.exits import run
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


HOSTILE = "K\u00f6ln\x1b[31m\x9b2J\u202e\nERROR all is lost\u2028.png"


def test_no_name_acts_on_a_terminal_or_begins_a_line(capsys: pytest.CaptureFixture[str]):
    TerminalLines().emit(logging.LogRecord("x", logging.INFO, "", 0, f"left out: {HOSTILE}", None, None))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(r"left out: Köln\x1b[31m\x9b2J\u202e\nERROR all is lost\u2028.png")


def test_a_json_line_is_one_line_to_every_reader_and_keeps_the_name(capsys: pytest.CaptureFixture[str]):
    set_up("patch")
    log.info(HOSTILE)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == HOSTILE
    assert all(letter.isprintable() for letter in line)
    assert "Köln" in line


def test_an_error_is_as_many_lines_as_were_meant_whatever_names_it_holds():
    assert str(DataError(f"{HOSTILE}: no image")).splitlines() == [str(DataError(f"{HOSTILE}: no image"))]
    assert str(SpecError("one", "two")) == "one\ntwo"


SECRETS = (
    "s3://AKIA:S3cr3t/S3cr3t@bucket/store",
    "s3:/AKIA:S3cr3t@bucket",
    "s3:AKIA:S3cr3t@bucket",
    "https://S3cr3t@host/x",
    "https://host/x.zip?sv=1&sig=S3cr3t%3D&x=2",
    "https://host/x?X-Amz-Signature=S3cr3t",
    "simplecache::s3://AKIA:S3cr3t@bucket/x",
    "filecache::zip://a.svs::https://host/x.zip?access_token=S3cr3t",
)


@pytest.mark.parametrize("url", SECRETS)
def test_no_log_line_and_no_error_holds_the_secret_of_a_url(url: str, capsys: pytest.CaptureFixture[str]):
    set_up("patch")
    log.info(f"reading {url}", extra={"fields": {"artefact": url}})
    TerminalLines().emit(logging.LogRecord("x", logging.INFO, "", 0, f"reading '{url}'", None, None))
    assert "S3cr3t" not in capsys.readouterr().err
    assert "S3cr3t" not in str(DataError(f"{url}: gone"))


def test_a_bug_leaves_no_secret_in_the_last_words(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEUROGRADE_LAST_WORDS", str(tmp_path / "words"))

    def work() -> None:
        raise RuntimeError(f"{SECRETS[0]}\n{HOSTILE}")

    assert run("patch", work) == 1
    words = (tmp_path / "words").read_text()
    assert "S3cr3t" not in words
    assert len(words.splitlines()) == 1
