"""The boundary's values for every sample: kept on the local disk as far as there is room, else computed again.

    kept        one array for each value, subset and slice of random crops, mapped into memory; made once for every
                session, and found again by any shard on this machine
    computed    in every epoch of every session, by the same pass in the same batch shape, rounded to the same type:
                so the room on a disk changes no bit

Never in a store: 100 slices before the last convolutions of VGG19 are 150 GB, and the pass is soon made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurograde.errors import DataError
from neurograde.learning.data.inputs import Inputs, slices_of
from neurograde.learning.data.samples import Samples
from neurograde.learning.engines.protocol import TrainingContext
from neurograde.learning.features.bank import Part
from neurograde.learning.features.forward import run_module
from neurograde.learning.features.recipe import digest_of, recipe, samples_digest, weights_digest
from neurograde.learning.networks.boundary import Cut
from neurograde.runtime.cache import Cache
from neurograde.runtime.log import log

Arrays = tuple[NDArray[Any], ...]
"""One for each value of the boundary, (sample, ...), channels last."""


class BoundaryCache:
    """Boundary values of the samples: outputs of the frozen part of a trunk."""

    def __init__(self, context: TrainingContext, cut: Cut) -> None:
        """Plan which parts are kept; nothing is computed yet.

        Args:
            context: Samples, trunk and device; the trunk's frozen part is read.
            cut: Where the trunk is cut.
        """
        spec, trunk, samples = context.spec, context.trunk, context.samples
        self.spec, self.trunk, self.cut, self.tick = spec, trunk, cut, context.tick
        self.samples, self.statistics, self.device = samples, context.statistics, context.device
        self.inputs = Inputs.of(spec, trunk.name, context.patch_size_px)
        self.crops = self.inputs.has_crops(spec, context.patch_size_px)
        self.dtype = context.dtype
        self.stored = torch.float16 if spec.boundary == "fp16" else self.dtype
        self.prefix = cut.prefix(trunk.module)
        self._cache = Cache(spec.cache_gib)
        self._open: dict[Part, Arrays] = {}
        self.kept = self._plan()

    def batches(
        self, subset: str, order: NDArray[np.intp], size: int, crop_slice: int | None
    ) -> Iterator[tuple[Tensor, ...]]:
        """Yield the boundary as tensors (batch, ...) that may be written to, `size` samples per batch.

        Args:
            subset: `train` or `valid`.
            order: Indices of the samples in the order to read.
            size: Samples per batch.
            crop_slice: Slice of the bank of crops; None: the centre crop.

        Raises:
            DataError: a value is more than its type holds.
        """
        part = Part(subset, crop_slice if self.crops else None)
        return self._read(part, order, size) if part in self.kept else self._computed(part, order, size)

    def _plan(self) -> frozenset[Part]:
        """Return the parts to keep: as many as cache_gib holds, first those that every session reads in every epoch."""
        slices = range(slices_of(self.spec)) if self.crops else ()
        parts = [Part("valid", None), Part("train", None), *(Part("train", piece) for piece in slices)]
        a_sample = sum(int(np.prod(shape)) for shape in self.cut.shapes) * self.stored.itemsize
        sizes = [len(self.samples[part.subset]) * a_sample for part in parts]
        fits = np.cumsum(sizes) <= self._cache.limit
        log.info(
            f"boundary of {self.trunk.name} at {', '.join(self.cut.names)}: {a_sample / 1e3:,.0f} kB a sample, "
            f"{sum(sizes) / 1e9:.2f} GB in {len(parts)} parts (valid, train, {len(slices)} slices of random crops); "
            f"{sum(fits)} are kept within cache_gib {self.spec.cache_gib:g}, "
            f"{len(parts) - sum(fits)} computed again in every epoch"
        )
        return frozenset(part for part, fit in zip(parts, fits, strict=True) if fit)

    def _read(self, part: Part, order: NDArray[np.intp], size: int) -> Iterator[tuple[Tensor, ...]]:
        arrays = self._arrays(part)
        for start in range(0, len(order), size):
            rows = order[start : start + size]  # an array of numbers, so that what it picks is a copy
            yield tuple(
                _channels_first(torch.from_numpy(np.asarray(array[rows])).to(self.device, self.dtype))
                for array in arrays
            )

    def _computed(self, part: Part, order: NDArray[np.intp], size: int) -> Iterator[tuple[Tensor, ...]]:
        waiting: list[Tensor] | None = None
        for values in self._pass(part, self.samples[part.subset].taken(order)):
            waiting = [*values] if waiting is None else [torch.cat(pair) for pair in zip(waiting, values, strict=True)]
            while len(waiting[0]) >= size:
                yield tuple(_channels_first(tensor[:size].to(self.dtype, copy=True)) for tensor in waiting)
                waiting = [tensor[size:] for tensor in waiting]
        if waiting is not None and len(waiting[0]):
            yield tuple(_channels_first(tensor.to(self.dtype, copy=True)) for tensor in waiting)

    def _arrays(self, part: Part) -> Arrays:
        """Return the arrays of a kept part, computed in one pass where any is missing."""
        if part not in self._open:
            keys = self._keys(part)
            cached = [self._cache.find(key) for key in keys]
            arrays = tuple(array for array in cached if array is not None)
            self._open[part] = arrays if len(arrays) == len(keys) else self._make(part, keys)
        return self._open[part]

    def _make(self, part: Part, keys: list[str]) -> Arrays:
        samples = self.samples[part.subset]
        with ExitStack() as stack:
            arrays: list[NDArray[Any]] | None = None
            first = 0
            for values in self._pass(part, samples):
                if arrays is None:
                    kinds = [((len(samples), *value.shape[1:]), value.cpu().numpy().dtype) for value in values]
                    arrays = [
                        stack.enter_context(self._cache.make(key, *kind)) for key, kind in zip(keys, kinds, strict=True)
                    ]
                for array, value in zip(arrays, values, strict=True):
                    array[first : first + len(value)] = value.cpu().numpy()
                first += len(values[0])
                self.tick(0)
        assert arrays is not None
        return tuple(arrays)

    def _pass(self, part: Part, samples: Samples) -> Iterator[tuple[Tensor, ...]]:
        """Yield the boundary of the samples as it is stored, (batch, ...), channels last, a few samples at a time."""
        statistics, precision = self.statistics[part.subset], self.spec.precision
        batches = run_module(self.prefix, self.inputs, samples, statistics, part.crop_slice, self.device, precision)
        for first, values in batches:
            stored = tuple(_channels_last(value.to(self.stored)) for value in values)
            for name, tensors in zip(self.cut.names, stored, strict=True):
                wrong = torch.nonzero(~tensors.isfinite().flatten(1).all(1))
                if len(wrong):
                    patch = samples.plan[first + int(wrong[0])].patch
                    raise DataError(
                        f"boundary: under boundary {self.spec.boundary} and precision {precision} the activations of "
                        f"{patch} at {name} of {self.trunk.name} are not finite; accepted are boundary same and "
                        "precision fp32, which have the room"
                    )
            yield stored

    def _keys(self, part: Part) -> list[str]:
        samples = samples_digest(self.samples[part.subset], named=part.crop_slice is not None)
        common = recipe(
            backbone=self.trunk.name,
            weights=self._weights,
            inputs=self.inputs,
            samples=samples,
            statistics=self.statistics[part.subset],
            crop_slice=part.crop_slice,
            precision=self.spec.precision,
        )
        return [digest_of(common | {"boundary": name, "stored": str(self.stored)}) for name in self.cut.names]

    @cached_property
    def _weights(self) -> str:
        return weights_digest(self.trunk.module)


def _channels_last(values: Tensor) -> Tensor:
    """(batch, channel, height, width) as (batch, height, width, channel), in that order in memory."""
    return (values.permute(0, 2, 3, 1) if values.ndim == 4 else values).contiguous()


def _channels_first(values: Tensor) -> Tensor:
    """Return the values with channels first; the memory is left as it is."""
    return values.permute(0, 3, 1, 2) if values.ndim == 4 else values
