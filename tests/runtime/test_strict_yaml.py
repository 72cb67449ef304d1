"""YAML as people mean it, and files that would harm a naive reader refused with their line."""

from __future__ import annotations

import json
import time

import pytest
import yaml

from neurograde.runtime.strict_yaml import MOST_BYTES, StrictDumper, parse

LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
CHAINED = "deep:\n- - &a0 {k: 1}\n" + "".join(f"  - &a{n} {{<<: *a{n - 1}, k{n}: 1}}\n" for n in range(1, 60))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n? [a, b]\n: 1\n", "line 2, column 3: a list or a mapping is a key"),
        ("a: 1\n? {b: 1}\n: 1\n", "line 2, column 3: a list or a mapping is a key"),
        ("a: &a x\n*a : 1\n", "line 2, column 1: *a is a key"),
        ("a: 1\nb: !!int abc\n", "line 2, column 4: 'abc' cannot be read as !!int"),
        ("a: !!bool maybe\n", "line 1, column 4: 'maybe' cannot be read as !!bool"),
        ("a: !!float x\n", "cannot be read as !!float"),
        ("a: !!int ''\n", "cannot be read as !!int"),
        ("a: !!int [1]\n", "line 1, column 4"),
        ("a: !!map x\n", "line 1, column 4"),
        ("a: !!timestamp 2024-13-45\n", "line 1, column 4: could not determine a constructor"),
        ("a: !!set {b}\n", "could not determine a constructor"),
        ("a: !!binary aGk=\n", "could not determine a constructor"),
        (f"a: 1\nb: {'1' * 5000}\n", "line 2, column 4: a number of 5,000 characters"),
        (f"a: 0x{'f' * 5000}\n", "a number of 5,002 characters"),
        (f"a: 1\nb: {'[' * 3000}\n", "line 2, column 53: lists and mappings are nested more than 50 levels deep"),
        (f"a: {'{a: ' * 60}1{'}' * 60}\n", "nested more than 50 levels deep"),
        ("a: &a {b: *a}\n", "line 1, column 11: *a is within &a itself"),
        ("a: &a [1, [*a]]\n", "*a is within &a itself"),
        ("a: &a {<<: *a}\n", "*a is within &a itself"),
        ("a: *b\n", "undefined alias"),
        ('a: "\\ud800"\n', "line 1, column 4: half of a surrogate pair"),
        ('a: 1\nb: "x\\0"\n', "line 2, column 4: the character U+0000"),
        ('a: 1\n"b\\0": 2\n', "line 2, column 1: the character U+0000"),
        ("a: 1\nb: \a\n", "line 2: the character U+0007 is not accepted"),
        ("a: 1\nb:\n\t- 1\n", "a tab: YAML is indented with blanks"),
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1: the key 'a' is given twice"),
        ("1: 1\n'1': 3\n", "the key '1' is given twice"),
        ("<<: {a: 1}\n<<: {b: 1}\n", "the key '<<' is given twice"),
        ("<<: 3\n", "line 1, column 5"),
        (f"# {'x' * MOST_BYTES}\n", "accepted are 262,144"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, message: str):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is held below
        parse(text.encode())
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", [LAUGHS, LAUGHS.replace("[x,", "[&b {}, ")], ids=["lists", "anchors"])
def test_a_billion_laughs_are_refused_at_once(text: str):
    start = time.process_time()
    with pytest.raises(ValueError, match=r"line 5, column \d+: aliases repeat more than 20,000 values"):
        parse(text)
    assert time.process_time() - start < 20  # ended, on a busy machine too


def test_bytes_that_are_no_utf_8_are_named_with_their_line():
    with pytest.raises(ValueError, match="line 2: the byte 0xe9 is not UTF-8: save it as UTF-8"):
        parse(b"a: 1\nb: caf\xe9\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_mark_of_the_encoding_is_read(encoding: str):
    assert parse("a: é\n".encode(encoding)) == {"a": "é"}


@pytest.mark.parametrize(
    "text",
    ["0144", "1:40", "1:40.5", "-012", "08", "0o17", "2026-11-01", "2024-13-45", "=", "1e", "."],
)
def test_text_that_could_be_a_number_or_a_date_stays_text(text: str):
    assert parse(f"a: {text}\n") == {"a": text}
    assert parse(yaml.dump({"a": text}, Dumper=StrictDumper)) == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 0.001), ("0", 0), ("-7", -7), ("0.5", 0.5), (".5", 0.5), ("1_000", 1000), ("0x1F", 31), ("5.", 5.0),
     ("0b11", 3), ("1.5e3", 1500.0), ("+2", 2), (".inf", float("inf")), ("no", False), ("~", None), ("", None)],
)  # fmt: skip
def test_other_numbers_and_words_are_what_yaml_makes_of_them(text: str, value: object):
    assert parse(f"a: {text}\n") == {"a": value}
    assert type(parse(f"a: {text}\n")["a"]) is type(value)


def test_keys_are_text_as_they_are_written():
    assert parse("NO: 1\n1: 2\n0144: 3\n1.50: 4\n2024-01-01: 5\n") == {
        "NO": 1, "1": 2, "0144": 3, "1.50": 4, "2024-01-01": 5}  # fmt: skip


def test_merge_keys_are_read_and_the_keys_of_a_mapping_itself_hold():
    text = "base: &b {left: 1, top: 2}\none: {<<: *b, top: 3}\ntwo: {<<: [{top: 4}, *b], right: 5}\nthree: {'<<': x}\n"
    assert parse(text) == {
        "base": {"left": 1, "top": 2},
        "one": {"left": 1, "top": 3},
        "two": {"left": 1, "top": 4, "right": 5},
        "three": {"<<": "x"},
    }


def test_a_mapping_that_is_merged_elsewhere_first_gives_no_key_twice():
    text = "deep: {x: &x {<<: &b {a: 1, b: 2}, a: 3}}\ny: {<<: *x, c: 4}\n"
    assert parse(text) == {"deep": {"x": {"a": 3, "b": 2}}, "y": {"a": 3, "b": 2, "c": 4}}


def test_a_long_chain_of_merges_is_read():
    value = parse(f"{CHAINED}last: {{<<: *a59}}\n")
    assert len(value["last"]) == 60


def test_json_with_tabs_is_read_as_json():
    data = {"a": ["tab\there", {"b": 1.5}], "smile": "\U0001f600", "c": None}
    assert parse(json.dumps(data, indent="\t")) == data


def test_many_aliases_of_small_values_are_read():
    assert len(parse("a: &a {b: 1}\nc: [" + ", ".join(["*a"] * 500) + "]\n")["c"]) == 500
