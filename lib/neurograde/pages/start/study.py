"""One study.yaml from the choices made on the start page: a first look, on a laptop, at a laboratory's own images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from neurograde.specs.base import Model, Name

HEADER = """\
# Written by `neurograde start`. `neurograde chain` runs it again, and changes nothing that is up to date.
# A first look: a frozen network with a new last layer; each patch goes through once, by its centre.
"""
IMAGENET = "IMAGENET1K_V1"
WAVELETS = "none"
FIXED_S = 45.0
"""Seconds that a study takes beside its images, roughly: starting jobs, training the last layer, drawing the page."""
CUT_S = 0.01
"""Seconds to cut, store and read a patch, roughly."""
SMALLEST_PX = 36
"""Smallest patch, so that an input of 32 px fits into it."""


Role = Literal["image", "class", "family"]
"""Meaning of a column of a table."""


class Shown(Model):
    """The rule that the page shows."""

    rule: Annotated[int, Field(ge=0)]
    """Index of the rule that gives class and family."""
    columns: dict[Role, str] | None = None
    """Columns of a table, where they were chosen."""


class Choices(Shown):
    """The choices of the person at the page."""

    name: Name
    """Name of the study, and of all that it makes."""
    family_is: Literal["patient", "case", "slide", "image"]
    """The word for a family."""
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    """Classes to learn."""
    positive: str
    """The class that counts as positive."""
    patch_size_px: Annotated[int, Field(ge=SMALLEST_PX, le=4096)] = 250
    """Side of a patch."""
    weights: str = IMAGENET
    """Weights of MobileNetV2: torchvision's name, or a file; `none` takes a network of wavelets instead."""
    region: str
    """Region that the electricity comes from."""


def study(choices: Choices, store: str, source: dict[str, Any], new_images: str, *, reviewed: bool) -> dict[str, Any]:
    """Return the study as the mapping that study.yaml holds.

    Args:
        choices: The choices made on the page.
        store: URL of the store.
        source: URL of the images, and the pattern or the table of their classes and families.
        new_images: Folder whose images `predict` grades, once there are any.
        reviewed: True if squares were reviewed, so that `patch` follows the decisions.
    """
    name = choices.name
    cut = {
        "name": name,
        "source": source | {"classes": list(choices.classes)},
        "patch_size_px": choices.patch_size_px,
        "min_tissue_share": 0.2,
    }
    return {
        "all": {"format": 1, "store": store, "region": choices.region, "seed": 1},
        "review": cut | {"reviewer": "start"},
        "patch": cut | {"family_is": choices.family_is} | ({"review": name} if reviewed else {}),
        "partition": {"name": name, "patches": name, "strategy": "ifpo"},
        "augment": {"name": name, "partition": name, "balance": "none", "transforms": 0},
        "train": {
            "name": name,
            "dataset": name,
            "classes": list(choices.classes),
            "positive": choices.positive,
            **network(choices),
            "strategies": [{"kind": "straightforward"}],
            "learning_rates": [1e-3, 1e-4],
            "batch_sizes": [16],
            "repeats": 3,
            "epochs": 15,
            "class_weights": "balanced",
            "crop": "center",
        },
        "evaluate": {
            "name": name,
            "run": name,
            "opens": "best_of_best_cell",
            "planned_openings": 1,
            **({"threshold": "valid"} if len(choices.classes) == 2 else {}),
        },
        "report": {"name": name, "evaluations": [name], "title": "A first look at our own images"},
        "predict": {"name": name, "evaluation": name, "images": new_images},
    }


def network(choices: Choices) -> dict[str, Any]:
    """Return backbone and input size: MobileNetV2 with the weights that were chosen, or wavelets, which need none.

    The input is at most the 224 px that MobileNetV2 was trained on, and leaves an edge of the patch to the crop.
    """
    side = min(224, choices.patch_size_px * 15 // 16)
    name = "scattering2" if choices.weights == WAVELETS else "mobilenet_v2"
    is_file = choices.weights not in (IMAGENET, WAVELETS) and "://" not in choices.weights
    weights = str(Path(choices.weights).resolve()) if is_file else choices.weights  # the chain runs in another folder
    return {"backbones": [{"name": name, "weights": weights}], "input_size_px": side}


def duration(squares: int, samples_per_s: float) -> float:
    """Return the seconds that the study will take here, roughly: cutting, one pass of each patch, and a fixed part.

    >>> duration(300, 30.0)
    58.0

    Args:
        squares: Squares of all grids, background included.
        samples_per_s: Patches that pass through the network in a second on this machine.
    """
    return FIXED_S + squares * (CUT_S + 1 / samples_per_s)
