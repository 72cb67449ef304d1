"""The spec of a grid that is watched."""

from __future__ import annotations

import json
from pathlib import Path

from neurograde.storage.store import Store
from tests.support.grids import grid_of


def spec_file(folder: Path) -> Path:
    """The spec of the grid that `grid_of` makes in `store/` of the folder."""
    path = folder / "train.yaml"
    store = Store("memory://spec")
    path.write_text(json.dumps(grid_of(store).spec | {"store": f"file://{folder}/store"}))
    return path
