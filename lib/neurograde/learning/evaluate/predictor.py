"""The chosen session at work: units in, probabilities out."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.learning.device import prepare_device
from neurograde.learning.evaluate.predicted import Predicted
from neurograde.learning.evaluate.units import Unit
from neurograde.learning.inputs import Inputs
from neurograde.learning.predict import predict
from neurograde.learning.samples import Planned, Samples, Statistics, gather, labels, read_statistics
from neurograde.runtime.cache import Cache
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.records import Session
from neurograde.storage.artefact import Artefact
from neurograde.storage.run import Run


class Predictor:
    """One session of a run, with the weights of its best epoch."""

    def __init__(self, spec: EvaluateSpec, run: Run, session: Session, dataset: Artefact) -> None:
        """The session, and the statistics of the data set that it learnt from.

        Raises:
            SpecError: a GPU is asked for where there is none.
            DigestMismatch: the weights or the statistics are not what their manifest says.
        """
        self.run, self.session = run, session
        self.device = prepare_device(spec.device, spec.workers)
        self.best = run.shards[run.shard_of(session).name].read("best.safetensors")
        self.statistics = read_statistics(dataset)

    def load(self, units: Sequence[Unit], patches: Artefact) -> Samples:
        """The units' pixels, seen to be fit for the network.

        Raises:
            DigestMismatch: a patch is not what its manifest says.
            DataError: the patches are not squares of one size.
            SpecError: they are smaller than the network's input.
        """
        numbers = labels(self.run.spec)
        plan = [Planned(unit.patch, unit.transform, numbers[unit.label]) for unit in units]
        samples = gather({"units": plan}, patches, Cache(self.run.spec.cache_gib))["units"]
        Inputs.of(self.run.spec, self.session.backbone, samples.patch_size_px)
        return samples

    def predict(self, subset: str, units: Sequence[Unit], samples: Samples) -> Predicted:
        """Probability of each class for each unit, standardised as its subset is; an external set, like train."""
        statistics = self.statistics.get(subset, self.statistics["train"])
        return self._predict(units, samples, statistics)

    def as_a_new_image(self, subset: str, units: Sequence[Unit], samples: Samples) -> Predicted | None:
        """The same standardised as train, as new images are, that have no statistics; None where that is no change."""
        train = self.statistics["train"]
        return None if self.statistics.get(subset, train) == train else self._predict(units, samples, train)

    def _predict(self, units: Sequence[Unit], samples: Samples, statistics: Statistics) -> Predicted:
        raw = self.run.grid.raw
        found = predict(self.run.spec, self.session, self.best, samples, statistics, device=self.device, raw=raw)
        return Predicted(units, found)
