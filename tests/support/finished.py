"""A finished run made by hand: noisy patches, curves as a test wants them, networks that were never trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurograde.learning.networks.backbones import random_trunk
from neurograde.learning.networks.heads import new_head
from neurograde.learning.networks.session_network import Network, freeze
from neurograde.learning.run.checkpoint import encode, scoped
from neurograde.maths.digest import sha256_hex
from neurograde.specs.grid import expand
from neurograde.specs.records import Session
from neurograde.specs.results.sessions import SessionEnd, ShardSessions
from neurograde.specs.results.standardisation import Standardisation
from neurograde.specs.train import TrainSpec
from neurograde.storage.artefact import Artefact
from neurograde.storage.draft import Draft
from neurograde.storage.store import Store
from tests.support.artefacts import png, publish

SIZE_PX = 48
STATISTICS = {
    subset: {"mean": [mean] * 3, "std": [0.25] * 3}
    for subset, mean in (("train", 0.5), ("valid", 0.45), ("test", 0.55))
}
Curve = Sequence[tuple[float | None, float | None, float, float]]
"""Train loss, valid loss, train accuracy and valid accuracy of every epoch, epoch 0 first."""
FLAT: Curve = [(0.7, 0.7, 0.5, 0.5), (0.6, 0.65, 0.7, 0.6), (0.5, 0.6, 0.8, 0.7), (0.4, 0.62, 0.9, 0.7)]


def write_run(
    url: str,
    classes: tuple[str, ...] = ("PD", "D"),
    *,
    curves: Mapping[str, Curve] | None = None,
    diverged: Mapping[str, int] | None = None,
    marks: tuple[str, ...] = (),
    shards: int = 2,
) -> TrainSpec:
    """runs/grid with the data behind it; two learning rates by three repeats, one a shard unless fewer are done.

    Args:
        url: The store.
        classes: The classes; the last one is positive.
        curves: Curves of sessions by the end of their id (`lr0.01-b4-r00`); `FLAT` for the others.
        diverged: Epoch at which sessions diverged, likewise.
        marks: Marks of the data set.
        shards: How many of the two shards are done.
    """
    store = Store(url)
    patches = write_patches(store, "set", classes, seed=0)
    rows = patches.read_csv("index.csv")
    samples = [
        (row["patch"], transform, subset, row["class"])
        for row in rows
        for subset in [("train", "valid", "test")[int(row["family"][-1]) % 3]]
        for transform in ("identity", "flip")
    ]
    dataset = publish(
        store,
        "datasets",
        "set",
        {
            "samples.csv": (("patch", "transform", "subset", "label"), samples),
            "standardisation.json": Standardisation.of({"mode": "per_subset", "subsets": STATISTICS}),
        },
        inputs=(patches.as_input(),),
        marks=marks,
    )
    spec = TrainSpec.parse(
        {
            "job": "train",
            "name": "grid",
            "store": url,
            "region": "FRA",
            "dataset": "set",
            "classes": classes,
            "positive": classes[-1],
            "backbones": [{"name": "leaknet", "weights": "none"}],
            "strategies": [{"kind": "straightforward"}],
            "learning_rates": [0.01, 0.001],
            "batch_sizes": [4],
            "repeats": 3,
            "epochs": 3,
            "input_size_px": 46,
            "sessions_per_shard": 3,
            "seed": 3,
        }
    )
    grid = expand(spec, (dataset.as_input(),), marks=marks)
    store.put("runs/grid/grid.json", grid.encode())
    for shard in grid.shards[:shards]:
        ends = {session.id: _at_end(session, diverged or {}) for session in shard.sessions}
        publish(
            store,
            "runs",
            f"grid/{shard.name}",
            {
                "history.csv": (
                    ("session", "epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy"),
                    [
                        (session.id, epoch, tl, ta, vl, va)
                        for session in shard.sessions
                        for epoch, (tl, vl, ta, va) in enumerate(_at_end(session, curves or {}) or FLAT)
                    ],
                ),
                "sessions.json": ShardSessions(
                    sessions=tuple(SessionEnd(id=session, diverged=epoch) for session, epoch in ends.items())
                ),
                "best.safetensors": best_weights(spec, [each for each in shard.sessions if ends[each.id] is None]),
            },
            inputs=grid.inputs,
            marks=marks,
            spec_digest=grid.spec_digest,
        )
    return spec


def write_patches(store: Store, name: str, classes: Sequence[str], seed: int, families: int = 9) -> Artefact:
    """patches/<name>: of each class nine families of two images of two patches, brighter from class to class."""
    rng = np.random.default_rng(seed)
    draft, rows = Draft(store, f"patches/{name}"), []
    for number, label in enumerate(classes):
        for family in range(families):
            for image in range(2):
                for col in range(2):
                    path = f"{label}/case {label}{family}/scan{image}_r00_c{col:02d}.png"
                    mean = 90 + 60 * number + 25 * rng.normal()
                    pixels = rng.normal(mean, 40, (SIZE_PX, SIZE_PX, 3)).clip(0, 255).astype(np.uint8)
                    draft.write(path, png(pixels))
                    digest = sha256_hex(pixels.tobytes())
                    rows.append((path, label, f"case {label}{family}", f"scan{image}", 0, col, digest))
    columns = ("patch", "class", "family", "image", "row", "col", "pixel_sha256")
    return publish(store, "patches", name, {"index.csv": (columns, rows)}, draft=draft)


def best_weights(spec: TrainSpec, sessions: Sequence[Session]) -> bytes:
    """best.safetensors of sessions: heads as they were drawn, no two alike, but loud, so that they decide something."""
    trunk = random_trunk("leaknet", spec.input_size_px or 224, spec.seed)
    tensors = {}
    for session in sessions:
        freeze(trunk, session.adaptation)
        outputs = len(spec.classes) if len(spec.classes) > 2 else 1
        network = Network(trunk.module, new_head(trunk, session.adaptation, outputs, spec.seed, session.id))
        tensors |= scoped(session.id, {name: 150 * each for name, each in network.session_tensors().items()})
    return encode(tensors)


def _at_end(session: Session, values: Mapping[str, Any]) -> Any:
    return next((value for end, value in values.items() if session.id.endswith(end)), None)
