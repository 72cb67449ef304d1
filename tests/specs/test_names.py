"""One rule for names: what a class may be called, a key of the store may hold, and the other way round."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from neurograde.specs.names import Label, check_label, mistake_of, mistake_of_image
from neurograde.storage.store import check_key

NO_NAMES = {
    "a\x7fb": "U\\+007F", "a\x9bb": "U\\+009B", "a\x85b": "U\\+0085", "a\u2028b": "U\\+2028", "a\u2029b": "U\\+2029",
    "a\nb": "U\\+000A", "a\x1b[2J": "U\\+001B", "a\0": "U\\+0000", "a\\b": r"the character \\", "a/b": "character /",
    "caf\udce9": "not in UTF-8", "a\uffff": "U\\+FFFF", "": "empty", ".": "empty", "..": "empty",
    "x" * 256: "256 bytes", "切" * 86: "258 bytes",
}  # fmt: skip


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_no_file_may_be_called_is_no_label_and_no_part_of_a_key(name: str):
    with pytest.raises(ValueError, match=NO_NAMES[name]):
        check_label(name)
    if "/" not in name:
        with pytest.raises(ValueError, match=NO_NAMES[name]):
            check_key(f"patches/{name}/x")


@given(st.text(st.characters(exclude_characters="/"), min_size=1, max_size=120))
def test_a_label_is_always_a_part_of_a_key(name: str):
    try:
        check_label(name)
    except ValueError:
        return
    assert check_key(f"patches/{name}/{name}") == f"patches/{name}/{name}"


@pytest.mark.parametrize("name", ["PD", "Fall 7 (é)", "切片", "a:b", "-", "NaN", "#REF!", "nan", "👩‍⚕️", "x" * 100])
def test_ordinary_names_are_accepted(name: str):
    assert TypeAdapter(Label).validate_python(name) == name
    assert mistake_of(name) is None


@pytest.mark.parametrize("name", [".hidden", "x" * 101, "a\x9bb"])
def test_a_label_of_a_spec_is_refused_with_what_is_accepted(name: str):
    with pytest.raises(ValidationError, match="accepted are 1 to 100 characters, no slash, no leading dot"):
        TypeAdapter(Label).validate_python(name)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("A/f/x.png", None),
        ("A//x.png", "a part of it is empty"),
        ("/x.png", "a part of it is empty"),
        (f"A/{'x' * 245}.png", "245 bytes without the suffix; accepted are 230"),
        (f"A/{'x' * 230}.png", None),
        ("A\n/x.png", "U+000A"),
        ("A/caf\udce9.png", "not in UTF-8"),
    ],
)
def test_an_image_is_refused_if_its_patches_could_have_no_name(path: str, problem: str | None):
    mistake = mistake_of_image(path)
    assert mistake == problem if problem is None else problem in str(mistake)
    if problem is None:
        check_key(f"patches/p/D/f/{path.rpartition('/')[2][:-4]}_r1000_c1000.png")
