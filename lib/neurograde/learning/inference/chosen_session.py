"""The chosen session and its like at work: units in, probabilities out."""

from __future__ import annotations

from collections.abc import Sequence

from neurograde.evaluation.unit_probabilities import Predicted
from neurograde.evaluation.units import Unit
from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Planned, Samples, Statistics, gather, labels, read_statistics
from neurograde.learning.inference.session_outputs import predict_each
from neurograde.learning.run.checkpoint import decode
from neurograde.learning.run.device import prepare_device
from neurograde.runtime.cache import Cache
from neurograde.specs.evaluate import EvaluateSpec
from neurograde.specs.records import Session
from neurograde.storage.artefact import Artefact
from neurograde.storage.run import Run


class Predictor:
    """Sessions of one setting of a run, with the weights of their best epochs; the first is the chosen one."""

    def __init__(self, spec: EvaluateSpec, run: Run, sessions: Sequence[Session], dataset: Artefact) -> None:
        """Take the sessions, and the statistics of the data set that they learnt from.

        Raises:
            SpecError: a GPU is asked for where there is none.
            DigestMismatch: the weights or the statistics contradict their manifest.
        """
        self.run, self.sessions = run, sessions
        self.device = prepare_device(spec.device, spec.workers)
        shards = {run.shard_of(session).name for session in sessions}
        files = {name: decode(run.shards[name].read("best.safetensors"), f"{name}/best.safetensors") for name in shards}
        self.bests = [files[run.shard_of(session).name] for session in sessions]
        self.statistics = read_statistics(dataset)

    def load(self, units: Sequence[Unit], patches: Artefact) -> Samples:
        """Return the units' pixels, checked to suit the network.

        Raises:
            DigestMismatch: a patch contradicts its manifest.
            DataError: the patches are not squares of one size.
            SpecError: they are smaller than the network's input.
        """
        numbers = labels(self.run.spec)
        plan = [Planned(unit.patch, unit.transform, numbers[unit.label]) for unit in units]
        samples = gather({"units": plan}, patches, Cache(self.run.spec.cache_gib))["units"]
        Inputs.of(self.run.spec, self.sessions[0].backbone, samples.patch_size_px)
        return samples

    def predict(self, subset: str, units: Sequence[Unit], samples: Samples) -> list[Predicted]:
        """Return each session's probabilities per unit, standardised as its subset is; an external set, like train."""
        statistics = self.statistics.get(subset, self.statistics["train"])
        return self._predict(self.sessions, units, samples, statistics)

    def as_a_new_image(self, subset: str, units: Sequence[Unit], samples: Samples) -> Predicted | None:
        """Return the chosen session's probabilities with train's standardisation, as for new images without statistics.

        None where the standardisation is the same.
        """
        train = self.statistics["train"]
        if self.statistics.get(subset, train) == train:
            return None
        return self._predict(self.sessions[:1], units, samples, train)[0]

    def _predict(
        self, sessions: Sequence[Session], units: Sequence[Unit], samples: Samples, statistics: Statistics
    ) -> list[Predicted]:
        outputs = predict_each(
            self.run.spec,
            sessions,
            self.bests[: len(sessions)],
            samples,
            statistics,
            device=self.device,
            raw=self.run.grid.raw,
        )
        return [Predicted(units, probabilities) for probabilities in outputs]
