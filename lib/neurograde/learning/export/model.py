"""The session that an evaluation chose, as files that need neither store nor spec, and the facts of its card."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

from neurograde.evaluation.units import originals, samples_by_subset
from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Planned, Statistics, gather, labels, read_statistics
from neurograde.learning.export.check import extremes, greatest_differences
from neurograde.learning.export.graph import OPSET, as_onnx
from neurograde.learning.export.portable import Portable
from neurograde.learning.inference.grader import Grader
from neurograde.learning.networks.session_network import Network
from neurograde.learning.run.checkpoint import encode
from neurograde.maths.dihedral import IDENTITY
from neurograde.maths.temperature import at_temperature
from neurograde.runtime.cache import Cache
from neurograde.runtime.machine import software_versions
from neurograde.specs.export import ExportSpec
from neurograde.specs.extras import EXTRAS
from neurograde.specs.records import Session
from neurograde.specs.results.sessions import ShardSessions
from neurograde.storage.artefact import Artefact
from neurograde.storage.run import Run


@dataclass(frozen=True)
class Exported:
    """A model outside the store."""

    files: dict[str, bytes]
    """model.onnx and model.safetensors."""
    facts: dict[str, Any]
    """Facts of the model card."""


def export_model(spec: ExportSpec, evaluation: Artefact, run: Run, dataset: Artefact, patches: Artefact) -> Exported:
    """Return the chosen session of `evaluation`, checked.

    Raises:
        DataError: onnxruntime and torch differ by more than the spec accepts.
        DigestMismatch: a file contradicts its manifest.
    """
    grader = Grader.of(spec, evaluation, run, dataset)
    session = grader.chosen
    samples = _valid(spec, run, dataset, patches)
    side_px = samples.shape[1]
    network, inputs = grader.network(), Inputs.of(run.spec, session.backbone, side_px)
    statistics = read_statistics(dataset)["train"]
    numbers = labels(run.spec)
    columns = [numbers[name] for name in run.spec.classes]
    onnx = as_onnx(Portable(network, inputs, side_px, statistics, columns, grader.temperature), side_px)

    checked = np.concatenate([samples, extremes(side_px)])
    said = grader.probabilities(list(checked))
    expected = {"probabilities": said, "calibrated": at_temperature(said, grader.temperature)}
    differences = greatest_differences(onnx, checked, expected, spec.tolerance)
    return Exported(
        files={"model.onnx": onnx, "model.safetensors": encode(network.state_dict())},
        facts={
            "model": _model(run, session, network),
            "threshold": grader.threshold if len(run.spec.classes) == 2 else None,
            "temperature": grader.temperature,
            "input": _input(inputs, side_px, statistics),
            "verification": {
                "patches": len(checked),
                "of_valid": len(samples),
                "greatest_difference": differences,
                "tolerance": spec.tolerance,
                "opset": OPSET,
                "software": {name: metadata.version(name) for name in EXTRAS["export"]}
                | {name: software_versions()[name] for name in ("torch", "torchvision")},
            },
        },
    )


def _valid(spec: ExportSpec, run: Run, dataset: Artefact, patches: Artefact) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Pixels of so many original valid patches, evenly spaced, (patch, side, side, 3)."""
    units = originals(samples_by_subset(dataset, patches)["valid"])
    indices = np.unique(np.linspace(0, len(units) - 1, spec.checked_patches).round().astype(int))
    plan = [Planned(units[index].patch, IDENTITY, 0) for index in indices]
    return gather({"valid": plan}, patches, Cache(run.spec.cache_gib))["valid"].pixels(range(len(plan)))


def _model(run: Run, session: Session, network: Network) -> dict[str, Any]:
    shard = run.shards[run.shard_of(session).name]
    trained = run.spec
    weights = shard.read_result(ShardSessions, "sessions.json").weights
    return {
        "run": run.grid.name,
        "session": session.id,
        "backbone": session.backbone,
        "strategy": session.strategy,
        "classes": trained.classes,
        "positive": trained.positive,
        "loss": trained.loss.kind,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "trained_parameters": sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad),
        "weights": session.weights,
        "weights_file": weights and weights.model_dump(),
    }


def _input(inputs: Inputs, patch_size_px: int, statistics: Statistics) -> dict[str, Any]:
    if inputs.resize:
        taken = f"resized as a whole to {inputs.size_px} x {inputs.size_px} px, bilinear, antialiased"
    else:
        first = (patch_size_px - inputs.size_px) // 2
        taken = f"the centre of {inputs.size_px} x {inputs.size_px} px, from row and column {first} on"
    return {
        "patch_size_px": patch_size_px,
        "network_size_px": inputs.size_px,
        "steps": [
            f"an RGB patch of {patch_size_px} x {patch_size_px} px, 0 to 255, as it was cut, at the scale of training",
            taken if inputs.resize or patch_size_px != inputs.size_px else "the whole patch",
            "divided by 255",
            "less the mean and over the standard deviation of each channel, those of the train subset",
        ],
        "mean": list(statistics.mean),
        "std": list(statistics.std),
    }
