"""An evaluated model at work on new images: cut as its patches were, standardised by its train subset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Planned, Samples, Statistics, labels, read_statistics
from neurograde.learning.inference.gradcam import gradcam
from neurograde.learning.inference.session_outputs import outputs_of, ready, trained_network
from neurograde.learning.networks import staged_weights
from neurograde.learning.networks.session_network import Network
from neurograde.learning.run.device import prepare_device
from neurograde.maths.dihedral import IDENTITY
from neurograde.maths.temperature import fit_temperature
from neurograde.runtime.job import Job
from neurograde.runtime.upstream import finished_run, made_from
from neurograde.specs.export import ExportSpec
from neurograde.specs.predict import PredictSpec
from neurograde.specs.records import Session
from neurograde.specs.results.evaluation import EvaluationResult
from neurograde.specs.review import ReviewSpec
from neurograde.storage.artefact import Artefact
from neurograde.storage.run import Run

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Grader:
    """The session that an evaluation chose, with the threshold and temperature of its grades."""

    run: Run
    session: str
    """Id of the session."""
    dataset: Artefact
    threshold: float
    """Threshold of the evaluation; with more than two classes the most probable class is the grade."""
    temperature: float
    """Fitted on the valid patches."""
    device: torch.device

    @classmethod
    def of(
        cls, spec: PredictSpec | ReviewSpec | ExportSpec, evaluation: Artefact, run: Run, dataset: Artefact
    ) -> Grader:
        """Return the session that `evaluation` chose on `run`, on the spec's device."""
        result = evaluation.read_result(EvaluationResult, "metrics.json")
        threshold = result.threshold.value
        return cls(
            run=run,
            session=result.chosen.session,
            dataset=dataset,
            threshold=0.5 if threshold is None else threshold,
            temperature=_temperature(evaluation.read_csv("predictions.csv"), run.spec.classes),
            device=prepare_device(spec.device, getattr(spec, "workers", None)),
        )

    @classmethod
    def from_evaluation(cls, job: Job[Any], evaluation: Artefact) -> Grader:
        """Return the session that `evaluation` chose, with the run, data set and weights that it needs.

        Raises:
            MissingUpstream: the run or the data set is gone.
            DigestMismatch: it is another one by now.
        """
        run = finished_run(job, evaluation.input("runs").name)
        dataset = made_from(job, run.artefact(), "datasets")
        staged_weights.fetch(job.store, run.spec.backbones)
        return cls.of(job.spec, evaluation, run, dataset)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""
        return self.run.spec.classes

    @property
    def positive(self) -> int:
        """Number of the positive class."""
        return self.classes.index(self.run.spec.positive)

    def probabilities(self, patches: Sequence[Pixels]) -> NDArray[np.float64]:
        """Return the probabilities of the patches, (patch, class)."""
        return self.outputs(patches)[0]

    def outputs(self, patches: Sequence[Pixels]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return the probabilities of the patches, (patch, class), and the trunk's features, (patch, width)."""
        if not patches:
            return np.empty((0, len(self.classes))), np.empty((0, 0), np.float32)
        network, samples = self.ready_network, samples_of(patches)
        batches = outputs_of(
            [network], self.run.spec, self.chosen.backbone, samples, self.statistics, device=self.device
        )
        parts = [(probabilities, features.float().cpu().numpy()) for [(probabilities, features)] in batches]
        probabilities, features = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return probabilities, features

    @cached_property
    def ready_network(self) -> Network:
        """The network as patches pass through it, loaded once."""
        return ready(self.network(), self.device)

    @cached_property
    def statistics(self) -> Statistics:
        """Mean and standard deviation of the train subset, which standardise new images too."""
        return read_statistics(self.dataset)["train"]

    def network(self) -> Network:
        """Return the session's network with its best weights, in eval mode."""
        return trained_network(self.run.spec, self.chosen, self._best, self.run.grid.raw).eval()

    def heatmaps(self, patches: Sequence[Pixels], named: Sequence[int]) -> list[tuple[Pixels, NDArray[np.float32]]]:
        """Return the network's view of each patch, and the map of what supports its class `named`."""
        if not patches:
            return []
        spec, samples = self.run.spec, samples_of(patches)
        inputs = Inputs.of(spec, self.chosen.backbone, samples.patch_size_px)
        images = inputs.batch(samples, np.arange(len(samples)), self.statistics, self.device)
        numbers = np.array([labels(spec)[self.classes[index]] for index in named])
        lone = len(self.classes) == 2  # one logit: the class of label 1
        outputs = np.zeros_like(numbers) if lone else numbers
        signs = (2 * numbers - 1 if lone else np.ones_like(numbers)).astype(np.float32)
        mean, std = (torch.tensor(statistic)[:, None, None] for statistic in self.statistics)
        views = (images.cpu() * std + mean).clamp(0, 1).mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        return list(zip(views, gradcam(self.ready_network, images, outputs, signs), strict=True))

    def seen_px(self, patch_size_px: int) -> tuple[int, int]:
        """Return the part of a patch that the network sees: its offset from left and top, and its side."""
        inputs = Inputs.of(self.run.spec, self.chosen.backbone, patch_size_px)
        return (0, patch_size_px) if inputs.resize else ((patch_size_px - inputs.size_px) // 2, inputs.size_px)

    @property
    def chosen(self) -> Session:
        """The session."""
        return next(session for session in self.run.sessions if session.id == self.session)

    @property
    def _best(self) -> bytes:
        return self.run.shards[self.run.shard_of(self.chosen).name].read("best.safetensors")


def samples_of(patches: Sequence[Pixels]) -> Samples:
    """Patches without a label as the samples that a network takes; they are squares of one size."""
    plan = tuple(Planned(str(number), IDENTITY, 0) for number in range(len(patches)))
    return Samples(plan, np.stack(patches), np.arange(len(patches)))


def _temperature(rows: Sequence[Mapping[str, str]], classes: Sequence[str]) -> float:
    """Fitted on the original patches of valid, which every evaluation has."""
    valid = [row for row in rows if row["subset"] == "valid" and row["transform"] == IDENTITY]
    probabilities = [[float(row[f"p_{label}"]) for label in classes] for row in valid]
    return fit_temperature([classes.index(row["label"]) for row in valid], probabilities)
