"""Two spellings of one name are one name, and nothing else is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurograde.maths.identity import identity, spellings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (unicodedata.normalize("NFC", "Fall-ä"), unicodedata.normalize("NFD", "Fall-ä")),
        ("001", "1"),
        ("1", "1.0"),
        ("001", "1.00"),
        ("K7", "K7 "),
        ("Case-9", "case-9"),
        ("K  7", "K 7"),
        ("K\u00a07", "K 7"),
        ("K\u200b7", "K7"),
        ("\ufeffK7", "K7"),
        ("Case\u20119", "Case-9"),
        ("Case\u22129", "Case-9"),
        ("Case\u00ad9", "Case9"),
        ("Straße", "STRASSE"),
        ("case_007_b", "case_7_b"),
        ("K\uff17", "K7"),
        ("\u0667", "7"),
    ],
)
def test_spellings_of_one_name_meet(one: str, other: str):
    assert identity(one) == identity(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.10", "1.1"), ("1.01", "1.1"), ("K7", "K 7"), ("1", "10"), ("case-9", "case_9"), ("a1", "a"), ("12", "1 2")],
)
def test_other_names_stay_apart(one: str, other: str):
    assert identity(one) != identity(other)


@given(st.text(max_size=20))
def test_the_form_of_a_form_is_itself(name: str):
    assert identity(identity(name)) == identity(name)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=20))
def test_plain_text_takes_the_short_way_to_the_same_form(name: str):
    assert identity(name) == identity(name + "\u200b")


def test_every_spelling_is_named():
    assert spellings(["b", "K7", "k7", "K7", "k07 "]) == {"k7": ["K7", "k07 ", "k7"]}
