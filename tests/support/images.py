"""Painted images for tests: they look like tissue, and no two patches are the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

PATTERN = r"(?P<class>[^/]+)/(?P<family>.+)_\d+\.png"


def paint(path: Path, seed: int, width: int = 100, height: int = 70) -> None:
    """Write a noisy purple image: all of it counts as tissue, and no two patches are the same."""
    pixels = np.random.default_rng(seed).normal((150, 80, 160), 30, (height, width, 3)).clip(0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
