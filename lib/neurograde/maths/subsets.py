"""The three subsets of a data set; `valid` supervises training, `test` is opened at the end (the report, chapter 2)."""

from __future__ import annotations

SUBSETS = ("train", "valid", "test")
LEAKING = ("train", "valid")
"""The two subsets that the experiments of §2.6 let leak into each other; test never does."""
