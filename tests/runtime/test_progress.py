"""Progress without a terminal: lines that say what is known, and no number that is none."""

from __future__ import annotations

import json

import pytest

from neurograde.runtime import progress as module
from neurograde.runtime.log import set_up
from neurograde.runtime.progress import progress


def test_a_rate_that_is_not_known_yet_is_said_in_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    set_up("train")
    with progress("night/vgg19", 1_674_540, "samples") as advance:
        for done in (0, 0, 1_674_540):
            advance(done)
    *before, last = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert before == ["night/vgg19: 0 of 1,674,540 samples, rate not known yet"] * 2
    assert last.endswith("/s, 0 s left")
