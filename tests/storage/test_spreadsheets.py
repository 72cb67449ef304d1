"""Formulas in names: harmless in tables for people, exact in tables that a job reads back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurograde.storage.artefact import decode_csv, encode_csv
from neurograde.storage.spreadsheets import defused, encode_for_people

FORMULAS = ["=1+1", "+1 2", "-x", "@SUM(A1)", "\t=1", " =1", "=cmd|'/c calc'!A0", "-", "+", "-1-1", "-inf"]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_a_spreadsheet_would_compute_is_text_in_a_table_for_people(text: str):
    [row] = csv.DictReader(io.StringIO(encode_for_people(("name", "=head"), [(text, 1)]).decode(), newline=""))
    assert row == {"name": f"'{text}", "'=head": "1"}


@pytest.mark.parametrize("cell", [-1, -0.25, 1e-9, "-0.5", "+3", "-1e-05", ".5", None, "", "a=b", "1-2", "'=x", True])
def test_numbers_and_other_text_stay_as_they_are(cell: object):
    assert defused(cell) is cell
    assert encode_for_people(("a",), [(cell,)]) == encode_csv(("a",), [(cell,)])


@given(st.lists(st.one_of(st.sampled_from(FORMULAS), st.text(st.characters(exclude_categories=["Cs", "Cc"])))))
def test_a_table_that_a_job_reads_back_is_exact(names: list[str]):
    rows = [(name, str(number)) for number, name in enumerate(names)]
    assert [tuple(row.values()) for row in decode_csv(encode_csv(("name", "number"), rows))] == rows
