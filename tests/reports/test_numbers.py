"""Numbers as they are written, and shares that add up."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from neurograde.reports.numbers import change, decimal, interval, percent, plural, shares_that_add_up, spread

PARTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=8).filter(any)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(PARTS)
def test_written_shares_add_up_to_exactly_100_percent_and_none_is_off_by_a_step(parts: list[int]):
    shares = shares_that_add_up(parts)
    written = [round(share * 10_000) for share in shares]
    assert sum(written) == 10_000
    for share, part in zip(shares, parts, strict=True):
        assert abs(share - part / sum(parts)) < 1.0001e-4


def test_what_is_not_known_is_a_dash_and_never_a_zero():
    assert {decimal(None), percent(None), change(None)} == {"–"}
    assert interval("loss", None, None) == ""


def test_shares_are_percent_and_losses_are_decimals():
    assert interval("accuracy", 0.8412, 0.92) == "84.1–92.0\u202f%"
    assert interval("loss", 0.25, 0.4) == "0.250–0.400"
    assert spread("accuracy", 0.8695, 0.012) == "87.0 ± 1.2\u202f%"
    assert spread("loss", 0.31, None) == "0.310"
    assert change(-0.5) == "−0.500"


def test_one_is_singular():
    assert [plural(n, "family") for n in (0, 1, 2)] == ["0 families", "1 family", "2 families"]
