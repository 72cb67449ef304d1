"""A small study for tests, one network and one strategy, and the same made smaller: a chain of a few seconds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from neurograde.runtime.specfile import read_yaml

SMALL_SPECS = Path(__file__).with_name("small_specs")
"""The small study: a session takes a minute."""
SMALL = {
    "synthesise": {
        "classes": [
            {"label": "PD", "families": 5, "differentiation": 0.1},
            {"label": "D", "families": 4, "differentiation": 0.9},
        ],
        "min_size_px": [100, 100],
        "max_size_px": [160, 120],
    },
    "patch": {"patch_size_px": 48},
    "train": {
        "backbones": [{"name": "leaknet", "weights": "none"}],
        "strategies": [{"kind": "whole"}],
        "repeats": 2,
        "epochs": 2,
        "learning_rates": [0.003],
        "input_size_px": 48,
    },
    "evaluate": {"resamples": 100, "calibration_bins": 4},
}


def write_small(folder: Path, **common: object) -> Path:
    """Write the small study into a new folder, made smaller, with `common` in common.yaml; returns the folder."""
    shutil.copytree(SMALL_SPECS, folder)
    for job, changes in SMALL.items():
        path = folder / f"{job}.yaml"
        path.write_text(json.dumps(read_yaml(str(path)) | changes))  # JSON is YAML
    path = folder / "common.yaml"
    path.write_text(json.dumps(read_yaml(str(path)) | common))
    return folder
