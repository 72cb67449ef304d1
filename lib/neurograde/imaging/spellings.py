"""Two spellings of one family or class: refused, merged or kept apart by the rule of the spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from neurograde.errors import DataError
from neurograde.imaging.sources import LabelledImage, LabelledImages
from neurograde.maths.identity import identity, spellings
from neurograde.specs.patch import Spellings

NAMED = 5
"""Groups that an error lists; all are counted."""
KINDS = {"family": "families", "label": "classes"}
"""Fields of an image that may be spelt in several ways, by what messages call several of them."""


@dataclass(frozen=True)
class Settled:
    """The spellings of a set of images, and what became of them."""

    how: Spellings = "refuse"
    """The rule of the spec."""
    groups: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    """Spellings that meet, each group in code-point order, by kind."""
    written: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Class and family as they were written, by path of the image, where anything was merged."""

    def record(self, coded: Callable[[str], str]) -> dict[str, Any] | None:
        """Return spellings.json, or None where no two spellings meet; families are passed through `coded`."""
        if not any(self.groups.values()):
            return None
        families = [[coded(name) for name in group] for group in self.groups["families"]]
        return {
            "format": 1,
            "spellings": self.how,
            "families": families,
            "classes": [list(group) for group in self.groups["classes"]],
        }


def settle_spellings(labelled: LabelledImages, how: Spellings) -> tuple[LabelledImages, Settled]:
    """Return the images with one spelling for each family and class, or as they are if they are to be kept apart.

    Raises:
        DataError: spellings meet and are to be refused; the message names them and where each is.
    """
    groups = {plural: spellings(getattr(image, field) for image in labelled.images) for field, plural in KINDS.items()}
    settled = Settled(how, {plural: tuple(map(tuple, of.values())) for plural, of in groups.items()})
    if not any(groups.values()) or how == "keep_apart":
        return labelled, settled
    if how == "refuse":
        raise DataError(_refusal(labelled.images, groups))
    merged = [
        replace(image, label=_first(image.label, groups["classes"]), family=_first(image.family, groups["families"]))
        for image in labelled.images
    ]
    written = {image.path: (image.label, image.family) for image in labelled.images}
    return replace(labelled, images=merged), replace(settled, written=written)


def _first(name: str, groups: Mapping[str, Sequence[str]]) -> str:
    """Return the first spelling of a name in code-point order."""
    return groups.get(identity(name), [name])[0]


def _refusal(images: Sequence[LabelledImage], groups: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """Return the message: every spelling with an image of it, in ASCII, for two of them may look the same."""
    lines = []
    for kind, plural in KINDS.items():
        for names in groups[plural].values():
            examples = (next(image.path for image in images if getattr(image, kind) == name) for name in names)
            spelt = " and ".join(f"{name!a} ({path})" for name, path in zip(names, examples, strict=True))
            lines.append(f"{plural} {spelt} are one name in {len(names)} spellings")
    more = f"; and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    return (
        f"{'; '.join(lines[:NAMED])}{more}: correct the names, or write spellings: merge (the first spelling is taken) "
        "or spellings: keep_apart (they are different)"
    )
