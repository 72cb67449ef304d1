"""The columns of the tables that later jobs and pages read, by the kind of their artefact and their path there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """The columns that readers of a table rely on; others may be there."""

    columns: tuple[str, ...]
    """Columns that every version wrote."""
    numbers: tuple[str, ...] = ()
    """Columns of numbers; of them only `gaps` may have empty cells."""
    gaps: tuple[str, ...] = ()
    """Columns of numbers that a row may lack."""
    probabilities: bool = False
    """True if every column that begins with `p_` is one of numbers."""

    def numbered(self, header: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns of numbers in a table of that header."""
        return tuple(
            column
            for column in header
            if column in (*self.numbers, *self.gaps) or (self.probabilities and column.startswith("p_"))
        )


_LOSSES = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")
_PREDICTIONS = Table(("subset", "patch", "transform", "image", "family", "label", "predicted"), probabilities=True)

TABLES: dict[tuple[str, str], Table] = {
    ("patches", "index.csv"): Table(
        ("patch", "class", "family", "image"),
        ("row", "col", "x_px", "y_px", "tissue_share"),
    ),
    ("patches", "images.csv"): Table(
        ("image", "family"), ("width_px", "height_px", "patches", "kept_px", "precrop_px")
    ),
    ("partitions", "assignment.csv"): Table(("patch", "class", "family", "subset")),
    ("datasets", "samples.csv"): Table(("patch", "transform", "subset", "label")),
    ("runs", "history.csv"): Table(("session", "epoch"), ("epoch",), _LOSSES),
    ("evaluations", "predictions.csv"): _PREDICTIONS,
    ("evaluations", "ensemble.csv"): _PREDICTIONS,
    ("baselines", "predictions.csv"): _PREDICTIONS,
}
