"""Values of specs that would take an endless time or a deep stack are refused at once."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from neurograde.specs.base import Share
from neurograde.specs.patch import Source


@pytest.mark.parametrize("text", ["1e-4000000", "1e99999", "9" * 5000, "1/0", "", "one third"])
def test_a_share_that_cannot_be_computed_is_refused(text: str):
    with pytest.raises(ValidationError, match="is no share: give a number like"):
        TypeAdapter(Share).validate_python(text)


@pytest.mark.parametrize("value", ["1/3", " 1/3 ", 0.15, "1e-5", 1, "0.333333333333333333333333"])
def test_ordinary_shares_are_read_exactly(value: object):
    assert TypeAdapter(Share).validate_python(value) > 0


@pytest.mark.parametrize(
    "pattern", ["(?P<class>a{99999999999})(?P<family>b)", f"{'(' * 4000}{')' * 4000}", "(?P<class>("]
)
def test_a_pattern_that_cannot_be_compiled_is_refused(pattern: str):
    with pytest.raises(ValidationError, match="is no regular expression"):
        Source(url="x", pattern=pattern)
