"""Tables: one declaration per column for the page and the CSV file, and one catalogue of metrics."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np

from neurograde.maths.assessment import metrics_of
from neurograde.reports import metrics
from neurograde.reports.blocks import Cell
from neurograde.reports.numbers import percent
from neurograde.reports.tables import Column, gained, measured, table
from neurograde.specs.results.assessment import Interval

REPORTS = Path(metrics.__file__).parent
COLUMNS = (
    Column("name", "name", kind="text", value=lambda row: row["name"]),
    Column("hidden", value=lambda row: row["share"] * 2),
    Column("share", "share", percent, value=lambda row: row["share"], head_note="of all"),
    Column(None, "both", show=lambda row: (row["name"], "below")),
)
ROWS = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.25}]


def test_a_column_is_on_the_page_by_its_title_and_in_the_csv_file_by_its_name():
    made = table("t", "A table", COLUMNS, ROWS, total={"name": "all", "share": 1})
    assert [(head.text, head.note) for head in made.titles] == [("name", ""), ("share", "of all"), ("both", "")]
    assert made.rows[0] == (Cell("a", kind="text"), Cell("50.0\u202f%"), Cell("a", "below"))
    assert made.total[0] == Cell("all", kind="text")
    assert made.csv() == b"name,hidden,share\na,1.0,0.5\nb,0.5,0.25\n"


def test_a_csv_file_may_have_more_rows_than_the_page_or_columns_of_its_own():
    assert table("t", "A table", COLUMNS, ROWS[:1], csv_rows=ROWS).csv().count(b"\n") == 3
    made = table("t", "A table", COLUMNS, ROWS, csv=(("long",), [("x",)]))
    assert (len(made.rows), made.csv()) == (2, b"long\nx\n")


def test_rows_of_values_are_taken_in_the_order_of_the_columns():
    made = table("t", "A table", (Column("name", "name"), Column("share", "share", percent)), [("a", 0.5)])
    assert [cell.text for cell in made.rows[0]] == ["a", "50.0\u202f%"]


def test_a_value_and_a_change_have_their_intervals_below():
    interval = Interval(value=0.5, low=0.25, high=0.75)
    assert measured("accuracy", interval) == ("50.0\u202f%", "25.0–75.0\u202f%")
    assert gained("loss", interval) == ("+0.500", "+0.250 to +0.750")
    assert measured("loss", None) == gained("loss", None) == ("–", "")


def test_every_metric_that_an_evaluation_takes_and_every_one_that_a_table_shows_is_in_the_catalogue():
    for classes in (2, 3):
        labels = np.arange(6) % classes
        probabilities = np.full((6, classes), 1 / classes)
        taken = metrics_of(labels, probabilities, positive=0, threshold=0.5, bins=2)(np.arange(6))
        assert {name for name in taken if " " not in name} <= metrics.METRICS.keys()
    lists = (
        metrics.DECIDING,
        metrics.OF_CASES,
        metrics.OF_METHODS,
        metrics.OF_CARD,
        *metrics.COMPARED,
        *metrics.OF_FOLDS,
    )
    assert {name for names in lists for name in names} <= metrics.METRICS.keys()


def test_no_table_is_built_by_hand():
    def builds(path: Path) -> bool:
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        return any(isinstance(call, ast.Name) and call.id == "Table" for call in calls)

    assert [path.name for path in sorted(REPORTS.rglob("*.py")) if builds(path)] == ["tables.py"]
