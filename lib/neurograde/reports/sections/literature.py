"""The methods of the literature on neuroblastoma (table 1.5) and the study, beside this page's chosen session."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.reports.blocks import Table
from neurograde.reports.chain import Chain
from neurograde.reports.leaks import lead
from neurograde.reports.numbers import decimal, interval, percent
from neurograde.reports.published import RETAINED, TABLE_1_5
from neurograde.reports.tables import Column, table


def literature(chains: Sequence[Chain]) -> Table:
    """Return table 1.5 with the study's model and the first evaluation of the page that does not leak."""
    first = lead(chains)
    samples = first.metrics.subsets["test"].samples
    accuracy, f_measure = samples.metric("accuracy"), samples.metrics.get("f_measure") or samples.metrics.get("f_macro")
    rows = [
        *((of.method, of.date, of.accuracy, of.f_measure, of.where, "") for of in TABLE_1_5),
        ("the study: Inception v3, 4 non-linearities", "2023-06", RETAINED.test_accuracy, None, "§4.5",
         f"loss {decimal(RETAINED.test_loss)}"),
        (f"this page: {first.name}", "", accuracy.value, f_measure.value if f_measure else None, "test, per sample",
         interval("accuracy", accuracy.low, accuracy.high)),
    ]  # fmt: skip
    columns = (
        Column("method", "method", kind="text"),
        Column("date", "date", kind="text"),
        Column("accuracy", "accuracy", show=lambda row: (percent(row[2], 2), row[5])),
        Column("f_measure", "F-measure", decimal),
        Column("where", "section", kind="text"),
    )
    caption = (
        "What did others reach (table 1.5, §1.2.5)? As published, each on images of its own, but PCLBP, CDBN and "
        "SIFT on one set: the rows do not compare"
    )
    return table("literature", caption, columns, rows)
