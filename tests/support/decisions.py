"""A decision of a reviewer, with any field changed."""

from __future__ import annotations

from typing import Any

from neurograde.specs.patch import Margins
from neurograde.specs.records import Decision


def decision(**changes: Any) -> Decision:
    fields: dict[str, Any] = {
        "image": "D/a 1.png",
        "image_sha256": "a" * 64,
        "width_px": 100,
        "height_px": 70,
        "patch_size_px": 32,
        "margins_px": Margins(),
        "reviewer": "ada",
        "number": 1,
        "at": "2026-11-24T10:00:00+00:00",
    }
    return Decision(**(fields | changes))
