"""The catalogue of metrics: how each is named and written, and which of them each table shows."""

from __future__ import annotations

from typing import NamedTuple


class Metric(NamedTuple):
    """A metric on the page."""

    title: str
    """Name in words."""
    is_share: bool = False
    """True for a share of samples, which is written in percent as the study does."""


METRICS = {
    "loss": Metric("loss"),
    "accuracy": Metric("accuracy", is_share=True),
    "majority_baseline": Metric("majority baseline", is_share=True),
    "balanced_accuracy": Metric("balanced accuracy", is_share=True),
    "precision": Metric("precision", is_share=True),
    "f_measure": Metric("F-measure"),
    "sensitivity": Metric("sensitivity", is_share=True),
    "specificity": Metric("specificity", is_share=True),
    "roc_auc": Metric("ROC AUC"),
    "f_macro": Metric("F-measure, macro"),
    "roc_auc_macro": Metric("ROC AUC, macro"),
    "brier": Metric("Brier score"),
    "calibration_error": Metric("calibration error"),
    "quadratic_kappa": Metric("kappa, quadratic"),
}
"""Every metric of the page; one without an entry is written by its key, to three decimals."""


class Selection(NamedTuple):
    """The metrics of a table, in its order."""

    two: tuple[str, ...]
    """With two classes."""
    more: tuple[str, ...]
    """With more than two classes."""

    def of(self, classes: int) -> tuple[str, ...]:
        """Return the names for a number of classes."""
        return self.two if classes == 2 else self.more


DECIDING = ("loss", "accuracy")
"""Metrics that decide a claim: those that the study gives."""
COMPARED = Selection(("accuracy", "f_measure", "roc_auc", "loss"), ("accuracy", "f_macro", "roc_auc_macro", "loss"))
"""Metrics whose differences between evaluations are shown."""
OF_FOLDS = Selection(
    ("accuracy", "majority_baseline", "sensitivity", "specificity", "loss"),
    ("accuracy", "majority_baseline", "balanced_accuracy", "loss"),
)
"""Metrics of folds."""
OF_CASES = ("loss", "accuracy", "balanced_accuracy", "f_measure", "sensitivity", "specificity", "roc_auc")
"""Metrics of whole cases."""
OF_METHODS = ("accuracy", "f_measure", "roc_auc")
"""Metrics by which methods are compared."""
OF_CARD = ("loss", "accuracy", "majority_baseline", "balanced_accuracy", "f_measure", "sensitivity", "specificity",
           "roc_auc", "f_macro", "roc_auc_macro", "brier", "calibration_error")  # fmt: skip
"""Metrics of a model card."""
OVER_CLASSES = {"f_measure": "f_macro", "roc_auc": "roc_auc_macro"}
"""The mean over the classes that replaces a metric of the positive class where there are more than two."""


def title(name: str) -> str:
    """Return the metric `name` in words."""
    return METRICS[name].title if name in METRICS else name.replace("_", " ")


def is_share(name: str) -> bool:
    """Return True if the metric `name` is written in percent."""
    return name in METRICS and METRICS[name].is_share
