"""A store with a model that the real jobs made and evaluated from painted images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jobs.augment import augment
from jobs.evaluate import evaluate
from jobs.partition import partition
from jobs.patch import patch
from jobs.predict import predict
from jobs.train import train
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.predictions import read_predictions, rows_of
from neurograde.storage.store import Store
from tests.support.images import PATTERN, paint

CHAIN: list[tuple[Any, dict[str, Any]]] = [
    (patch, {"source": {"pattern": PATTERN}, "patch_size_px": 48, "min_tissue_share": 0.1}),
    (partition, {"patches": "demo", "strategy": "ifpo"}),
    (augment, {"partition": "demo", "balance": "ngca", "transforms": 1}),
    (
        train,
        {
            "dataset": "demo",
            "classes": ["PD", "D"],
            "positive": "D",
            "backbones": [{"name": "leaknet", "weights": "none"}],
            "strategies": [{"kind": "whole"}],
            "learning_rates": [0.01],
            "batch_sizes": [4],
            "repeats": 1,
            "epochs": 1,
            "input_size_px": 46,
            "seed": 1,
            "workers": 1,
        },
    ),
    (evaluate, {"run": "demo", "opens": "best", "seed": 1, "resamples": 100, "workers": 1}),
]


class Predictions:
    """The artefacts of a prediction, read as if they were one."""

    def __init__(self, artefacts: list[Artefact]) -> None:
        self.artefacts = artefacts

    def read_csv(self, table: str) -> list[dict[str, str]]:
        return [row for _, row in rows_of(self.artefacts, table)]

    def of(self, image: str) -> Artefact:
        return next(artefact for artefact in self.artefacts if artefact.manifest.raw[0].path == image)


class Laboratory:
    """A store with an evaluated model, and the images that it was made from."""

    def __init__(self, root: Path) -> None:
        self.root, self.store = root, Store(f"file://{root}/store")
        self.images = root / "images"
        for label, first in (("PD", 0), ("D", 100)):
            for case in range(4):
                paint(self.images / label / f"{label}{case}_1.png", first + case)
        for job, fields in CHAIN:
            own = {"source": fields["source"] | {"url": str(self.images)}} if job is patch else {}
            assert self.run(job, **fields | own) == 0

    def run(self, job: Any, **fields: Any) -> int:
        name = job.body.__name__
        spec = {"job": name, "name": "demo", "store": self.store.url, "region": "FRA"} | fields
        path = self.root / f"{name}.yaml"
        path.write_text(json.dumps(spec))
        return job.main([str(path)])

    def evaluation(self) -> Artefact:
        manifest = read_manifest(self.store, "evaluations/demo")
        assert manifest is not None
        return Artefact(self.store, "evaluations/demo", manifest)

    def predict(self, name: str, images: Path, **fields: Any) -> Predictions:
        given = {"evaluation": "demo", "images": str(images), "workers": 1, "min_patches": 1, "min_confidence": 0.0}
        assert self.run(predict, name=name, **given | fields) == 0
        return Predictions(read_predictions(self.store, name))
