"""The bank of a trunk's features: one array, an artefact, per subset and slice of crops.

Existing arrays are read; missing ones are computed and published by whichever process comes first: the features job
before a grid begins, or a shard. An interrupted build goes on with the array that it was at.

Features are a stage of a shard's computation, not an input: they can be made again from its inputs at any time, so
deleting them breaks no chain of digests. A shard's manifest names them beside its inputs, outside its digest.
"""

from __future__ import annotations

import time
import warnings
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurograde.errors import DataError
from neurograde.learning.data.inputs import Inputs, slices_of
from neurograde.learning.engines.protocol import TrainingContext
from neurograde.learning.features import artefact
from neurograde.learning.features.forward import run_module
from neurograde.learning.features.recipe import recipe, samples_digest, weights_digest
from neurograde.runtime.cache import Cache
from neurograde.runtime.job import Job
from neurograde.runtime.log import log
from neurograde.runtime.progress import progress
from neurograde.specs.records import InputRecord
from neurograde.specs.train import TrainSpec


class Part(NamedTuple):
    """One array of the bank."""

    subset: str
    """`train` or `valid`."""
    crop_slice: int | None
    """Slice of random crops; None: the centre crop."""


class Features:
    """The features of a trunk's samples, on the device, in the order of the plans."""

    def __init__(self, job: Job[TrainSpec], context: TrainingContext, *, charged: bool = False) -> None:
        """List the arrays of the bank; nothing is computed yet.

        Args:
            job: Its store and meter.
            context: Samples, trunk and device; the trunk is left as it is. Its callback gets 0 while an array is
                computed for `train` or `valid`.
            charged: True: the manifest of each array records its cost. A shard that computes features counts them in
                its own record, and no energy may count twice.
        """
        spec, trunk, samples = context.spec, context.trunk, context.samples
        self.job, self.trunk, self.samples, self.statistics = job, trunk, samples, context.statistics
        self.device, self.charged, self.tick = context.device, charged, context.tick
        self.width = trunk.width
        self.inputs = Inputs.of(spec, trunk.name, context.patch_size_px)
        self.crops = self.inputs.has_crops(spec, context.patch_size_px)
        slices = range(slices_of(spec)) if self.crops else ()
        self.parts = (Part("train", None), Part("valid", None), *(Part("train", piece) for piece in slices))
        self._recipes = self._all_recipes()
        self._cache = Cache(spec.cache_gib)
        self._open: OrderedDict[Part, Tensor] = OrderedDict()
        self._lock = Lock()
        self._read: dict[Part, InputRecord] = {}

    def train(self, crop_slice: int | None) -> Tensor:
        """Return the train samples' features, (sample, width), float32, under `fp64` float64. Never write to them.

        Args:
            crop_slice: Slice of the bank; None: the centre crop.
        """
        return self._tensor(Part("train", crop_slice if self.crops else None))

    def valid(self) -> Tensor:
        """Return the valid samples' features, of the same form as those of `train`."""
        return self._tensor(Part("valid", None))

    def make(self) -> int:
        """Compute and publish every missing array; return their number.

        Under the job's `replace` every byte of existing arrays is checked, and damaged ones are made again.

        Raises:
            DataError: a feature is not finite, which half precision may cause.
        """
        store, whole = self.job.store, self.job.replace
        missing = [part for part in self.parts if not artefact.stands(store, self._recipes[part], whole=whole)]
        passes = sum(len(self.samples[part.subset]) for part in missing)
        if missing:
            with progress(f"features of {self.trunk.name}", passes, "samples") as advance:
                for part in missing:
                    self._compute(part, advance)
        return len(missing)

    def records(self) -> tuple[InputRecord, ...]:
        """Return the artefacts read so far, in the order of the bank."""
        return tuple(self._read[part] for part in self.parts if part in self._read)

    def _all_recipes(self) -> dict[Part, dict[str, Any]]:
        weights = weights_digest(self.trunk.module)
        kinds = {(part.subset, part.crop_slice is not None) for part in self.parts}
        digests = {kind: samples_digest(self.samples[kind[0]], named=kind[1]) for kind in kinds}
        return {
            part: recipe(
                backbone=self.trunk.name,
                weights=weights,
                inputs=self.inputs,
                samples=digests[part.subset, part.crop_slice is not None],
                statistics=self.statistics[part.subset],
                crop_slice=part.crop_slice,
                precision=self.job.spec.precision,
            )
            for part in self.parts
        }

    def _tensor(self, part: Part) -> Tensor:
        """Return the array of `part`; the local cache bounds how many stay open, least recently used."""
        with self._lock:  # several threads may ask
            return self._opened(part)

    def _opened(self, part: Part) -> Tensor:
        if part not in self._open:
            tensor = _as_tensor(self._array(part)).to(self.device)
            while self._open and (len(self._open) + 1) * tensor.nbytes > self._cache.limit:
                self._open.popitem(last=False)
            self._open[part] = tensor
        self._open.move_to_end(part)
        return self._open[part]

    def _array(self, part: Part) -> NDArray[Any]:
        stored = artefact.read(self.job.store, self._recipes[part], self._cache)
        if stored is None:
            crops = "the centre crop" if part.crop_slice is None else f"slice {part.crop_slice} of random crops"
            count = len(self.samples[part.subset])
            log.info(f"features of {count:,} {part.subset} samples by {self.trunk.name}, {crops}, once for all")
            self._compute(part, lambda _samples: self.tick(0))
            stored = artefact.read(self.job.store, self._recipes[part], self._cache)
        if stored is None:
            raise DataError(f"{self.job.store.url}/features: what was just written there is damaged or gone")
        array, self._read[part] = stored
        return array

    def _compute(self, part: Part, advance: Callable[[int], None]) -> None:
        started = time.monotonic()
        samples, precision = self.samples[part.subset], self.job.spec.precision
        values = np.empty((len(samples), self.width), np.float64 if precision == "fp64" else np.float32)
        batches = run_module(
            self.trunk.module,
            self.inputs,
            samples,
            self.statistics[part.subset],
            part.crop_slice,
            self.device,
            precision,
            fold=True,
        )
        for first, (batch,) in batches:
            values[first : first + len(batch)] = batch.cpu().numpy()
            advance(len(batch))
        wrong = np.flatnonzero(~np.isfinite(values).all(1))
        if len(wrong):
            raise DataError(
                f"precision: under {precision} the features of {len(wrong)} {part.subset} samples by {self.trunk.name} "
                f"are not finite, first of {samples.plan[wrong[0]].patch}; accepted is fp32, which has the room"
            )
        carbon = self.job.meter.lap() if self.charged else None
        seconds = time.monotonic() - started
        artefact.publish(self.job, self._recipes[part], values, device=self.device, wall_seconds=seconds, carbon=carbon)


def _as_tensor(array: NDArray[Any]) -> Tensor:
    """Return the array as a tensor of the same memory, possibly mapped read-only: writing to it ends the process."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        return torch.from_numpy(array)
