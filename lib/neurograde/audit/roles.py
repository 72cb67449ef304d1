"""Names of subsets and of columns, as published lists spell them."""

from __future__ import annotations

import re
from collections.abc import Mapping

SUBSET_WORDS = {
    "train": {"train", "training", "trn", "tr"},
    "valid": {"valid", "val", "validation", "validating", "dev", "tune", "tuning"},
    "test": {"test", "testing", "tst", "holdout", "heldout"},
}
"""Words for each subset."""
COLUMN_WORDS = {
    "label": {
        "label", "labels", "class", "y", "target", "diagnosis", "subtype", "slide label", "label coarse", "grade",
    },
    "patient": {
        "patient", "patients", "patient id", "patients id", "patient ids", "case", "cases", "case id", "case ids",
        "submitter id", "family", "participant", "participant id", "pid",
    },
    "slide": {"slide", "slides", "slide id", "slide ids", "slide name", "wsi", "wsi id", "pathology id"},
    "item": {
        "", "item", "items", "id", "ids", "name", "names", "file", "files", "filename", "file name", "filenames",
        "image", "images", "image id", "image name", "path", "patch", "tile",
    },
    "subset": {
        "subset", "split", "splits", "set", "grp", "group", "partition", "phase", "usage", "data split", "fold",
    },
}  # fmt: skip
"""Headers of each role, in lower case, words apart by one blank."""


def words(name: str) -> list[str]:
    """Return the words of a header or a path: `train_slide_id` is train, slide, id."""
    return [word for word in re.split(r"[^a-z0-9]+", name.casefold()) if word]


def subset_of(name: str, further: Mapping[str, str] | None = None) -> str | None:
    """Return the subset that a whole name means, or None.

    >>> subset_of("Training"), subset_of("dev"), subset_of("valcl", {"valcl": "valid"}), subset_of("slide")
    ('train', 'valid', 'valid', None)

    Args:
        name: as it is written.
        further: names that the user maps.
    """
    text = name.strip().casefold()
    if further and text in further:
        return further[text]
    return next((subset for subset, known in SUBSET_WORDS.items() if text in known), None)


def subset_within(name: str, further: Mapping[str, str] | None = None) -> str | None:
    """Return the one subset that a path or a header names among its words; None for none, or for several.

    >>> subset_within("fold-0/test/image_ids.txt"), subset_within("train_label"), subset_within("traintest")
    ('test', 'train', None)
    """
    named = {subset for word in words(name) if (subset := subset_of(word, further))}
    return named.pop() if len(named) == 1 else None


def role_of(header: str) -> str | None:
    """Return the role of a column: item, slide, patient, label or subset; None for an unknown header.

    >>> role_of("Slide_ID"), role_of("case_id"), role_of("Data Split"), role_of("age")
    ('slide', 'patient', 'subset', None)
    """
    text = " ".join(words(header))
    return next((role for role, known in COLUMN_WORDS.items() if text in known), None)


def split_header(header: str, further: Mapping[str, str] | None = None) -> tuple[str, str] | None:
    """Return the subset and the role of a column such as `train`, `val_label` or `test_patients`, or None.

    >>> split_header("val"), split_header("train_case_id"), split_header("label")
    (('valid', 'item'), ('train', 'patient'), None)
    """
    parts = words(header)
    for subset_word, rest in ((parts[:1], parts[1:]), (parts[-1:], parts[:-1])):
        subset = subset_of(subset_word[0], further) if subset_word else None
        role = role_of(" ".join(rest)) if subset else None
        if subset and role and role != "subset":
            return subset, role
    return None
