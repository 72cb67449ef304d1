"""Docstrings are in plain English, as far as `phrases.yaml` says; what it still allows may only shrink."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repo import phrases
from tests.repo.phrases import SLACK, Count, allowed, complaints, count, docstrings, names_in, phrases_in, rooms

SOURCE = '''
"""What a module holds."""

LIMIT = 3
"""Whether it is no limit."""


class Thing:
    """A thing."""

    side: int
    """Its side."""

    def grow(self, each):
        """Return the larger thing."""

    def _grow(self):
        """What stands here is private."""


for found in (1, 2):
    size = [place for place in range(found)]
'''


@pytest.mark.parametrize("room", rooms())
def test_a_room_has_as_many_phrases_and_names_as_it_is_allowed(room: str):
    assert room in allowed(), f"{room} is new: give it a row in tests/repo/phrases.yaml"
    assert complaints(room, count(rooms()[room]), allowed()[room]) == []


def test_every_row_is_of_a_room():
    assert set(allowed()) <= set(rooms())


def test_docstrings_of_modules_classes_functions_fields_and_constants_are_counted_and_private_ones_are_not():
    texts = list(docstrings(SOURCE))
    assert [text.split()[0] for text in texts] == ["What", "Whether", "A", "Its", "Return"]
    assert sum(bool(phrases_in(text)) for text in texts) == 3
    assert names_in(SOURCE) == 3


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("What is made smaller.", ["begins with What"]),
        ("Whether it stands.", ["begins with Whether", "stands"]),
        ("Of focal loss: each number has bits of its own.", ["begins with Of, By or For", "of its own"]),
        ("The file, which is no image.", ["is no"]),
        ("A damaged file is said and removed.", ["is said"]),
        ("An error that says why.", ["says"]),
        ("The data of a stand-in that is no longer read. What follows is prose.", []),
        ("Return the cached array for `key`, or None. A corrupt file is logged and deleted.", []),
    ],
)
def test_a_phrase_is_seen_where_it_is_one(text: str, names: list[str]):
    assert phrases_in(text) == names


def test_a_count_above_its_allowance_fails_and_one_well_below_asks_for_a_lower_allowance():
    assert complaints("maths", Count(3, 5, 100), (3, 5)) == []
    assert complaints("maths", Count(3, 5, 100), (3, 5 + SLACK)) == []
    (above,) = complaints("maths", Count(4, 5, 100), (3, 5))
    assert above.startswith("maths: 4 docstrings with a phrase of PHRASES (tests/repo/phrases.py), 3 are allowed.")
    (below,) = complaints("maths", Count(3, 4, 100), (3, 5 + SLACK))
    assert below.endswith("8 are allowed: run `python -m tests.repo.phrases --lower`")


def test_lowering_writes_smaller_counts_and_never_larger_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    now = count(rooms()["maths"])
    monkeypatch.setattr(phrases, "ALLOWED", tmp_path / "phrases.yaml")
    phrases.ALLOWED.write_text(phrases.written({"maths": [now.phrases + 1, now.names - 1], "gone": [1, 1]}))
    phrases.lower()
    assert allowed() == {"maths": (now.phrases, now.names - 1)}
