"""Notes that a reader of the figures needs, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from neurograde.evaluation.comparison import Compared
from neurograde.evaluation.units import Unit


def notes(compared: Sequence[Compared], subsets: Mapping[str, Sequence[Unit]]) -> tuple[str, ...]:
    """Return the notes of metrics.json.

    Args:
        compared: Every session.
        subsets: The units of train, valid and test, and of external where there are such.
    """
    left_out = sum(session.by_loss is None for session in compared)
    pixels = {subset: {unit.pixel_sha256 for unit in units} for subset, units in subsets.items()}
    lines = [
        "best epoch of a session: epoch 1 or later, least max(train loss, valid loss); "
        "greatest min(train accuracy, valid accuracy); the earliest of equals",
        "mean and standard deviation (n - 1) are over the repeats of a setting, settings are ranked by mean loss",
        "intervals: 95 %, percentiles over families drawn with replacement; of proportions that are the same in all "
        "families, or over three families or fewer, exact (Clopper-Pearson); of others without a spread, none",
        "images: mean probability over the image's original patches",
    ]
    if left_out:
        lines.append(f"{left_out} of {len(compared)} sessions diverged and are left out")
    for subset in ("valid", "test", "external"):
        families: dict[str, set[str]] = {}
        for unit in subsets.get(subset, ()):
            families.setdefault(unit.label, set()).add(unit.family)
        lines += [
            f"{subset} has one family of class {label}: intervals cannot show how families of it differ"
            for label, members in sorted(families.items())
            if len(members) == 1
        ]
    for test, learnt in (("test", "train"), ("test", "valid"), ("external", "test")):
        shared = len(pixels.get(test, set()) & pixels[learnt])
        if shared:
            lines.append(f"{shared} patch(es) of {test} have the very pixels of a patch in {learnt}")
    return tuple(lines)
