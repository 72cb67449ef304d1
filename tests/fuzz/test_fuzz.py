"""The fuzzer: a slice of each kind ends as it should, and the frame notices what does not."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest

from neurograde.errors import DataError, StoreUnavailable
from tests.fuzz import frame
from tests.fuzz.__main__ import main, row
from tests.fuzz.frame import Kind, fuzz, kinds, sample

SLICE = 60


@pytest.mark.parametrize("name", sorted(kinds()))
def test_a_slice_of_the_mutants_of_each_kind_is_read_or_refused_by_name(name: str):
    outcome = fuzz(kinds()[name], sample(kinds()[name], SLICE))
    assert [str(failure) for failure in outcome.failures] == []
    assert sum(outcome.codes.values()) >= SLICE
    assert any(code for code in outcome.codes), "no mutant is refused: the mutants do no harm"


def test_mutants_are_counted_by_their_exit_codes_and_all_others_are_uncaught(monkeypatch: pytest.MonkeyPatch):
    def attempt(random: Random, folder: Path) -> None:
        assert not list(folder.iterdir())
        number = random.randrange(4)
        if number == 1:
            raise DataError("refused")
        if number == 2:
            raise StoreUnavailable("a retry would not mend it")
        if number == 3:
            raise KeyError("key")

    outcome = fuzz(Kind("toy", 40, attempt), range(40))
    again = fuzz(Kind("toy", 40, attempt), range(40))
    reasons = {failure.reason.partition(" at ")[0] for failure in outcome.failures}
    assert reasons == {"exit code 69", "KeyError: \"'key'\""}
    assert min(outcome.codes[code] for code in (0, 65, 69)) > 0
    assert outcome.codes[0] + outcome.codes[65] + len(outcome.failures) == 40
    assert (again.codes, again.failures) == (outcome.codes, outcome.failures)
    assert f"| toy | 40 | {outcome.codes[0]} |" in row(outcome)


def test_a_mutant_that_takes_too_long_is_uncaught(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frame, "LONGEST_SECONDS", 0.05)
    [failure] = fuzz(Kind("toy", 1, lambda _random, _folder: time.sleep(30)), range(1)).failures
    assert failure.reason.startswith("TimeoutError: 'longer than 0.05 s'")


def test_a_kind_that_is_not_known_is_a_usage_error(capsys: pytest.CaptureFixture[str]):
    assert main(["toys"]) == 64
    assert "there are " in capsys.readouterr().err


def test_one_mutant_runs_alone(capsys: pytest.CaptureFixture[str]):
    assert main(["specs", "3"]) == 0
    assert capsys.readouterr().out == "exit code 78\n"
