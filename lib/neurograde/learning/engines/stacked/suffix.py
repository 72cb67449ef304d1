"""The engine of unfreezing: the plain one, but for the frozen part, which is computed once for all sessions.

Each batch begins at the boundary (learning.boundary) with what `Activations` has kept. Steps, state, resume and the
names of weights are the plain engine's own, and so are the draws of dropout: the same modules run in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurograde.learning.data.samples import Samples, Statistics
from neurograde.learning.engines.plain.engine import PlainEngine
from neurograde.learning.engines.protocol import Tick
from neurograde.learning.engines.stacked.boundary_cache import Activations
from neurograde.learning.networks.backbones import Trunk
from neurograde.learning.networks.boundary import Cut
from neurograde.learning.networks.session_network import Network, Values, own_copy
from neurograde.specs.records import Session
from neurograde.specs.train import TrainSpec


class Suffix(Network):
    """A session's network from the boundary on, with the modes and the names of the whole."""

    def __init__(self, trunk: nn.Module, head: nn.Sequential, cut: Cut) -> None:
        """The head on what comes after the cut in the trunk."""
        super().__init__(trunk, head)
        self.suffix = cut.suffix(trunk)  # after the trunk, by whose names their common tensors go

    def forward(self, values: Values) -> Tensor:
        """The logits."""
        logits: Tensor = self.head(self.suffix(values))
        return logits


class SuffixEngine(PlainEngine):
    """Sessions of one backbone of which some layers before the head are trained too."""

    def __init__(
        self,
        spec: TrainSpec,
        sessions: Sequence[Session],
        trunk: Trunk,
        cut: Cut,
        *,
        samples: Mapping[str, Samples],
        statistics: Mapping[str, Statistics],
        device: torch.device,
        tick: Tick,
    ) -> None:
        """Networks and optimisers as they are before any step.

        Args:
            spec: What all sessions share.
            sessions: The sessions; one backbone, one strategy.
            trunk: Their trunk, with its weights; what the strategy does not train is frozen in it.
            cut: Where it is cut under that strategy.
            samples: `train` and `valid`.
            statistics: What each of them is standardised with.
            device: Where to train.
            tick: Called after every batch.
        """
        self.cut = cut
        super().__init__(spec, sessions, trunk, samples=samples, statistics=statistics, device=device, tick=tick)
        self.activations = Activations(
            spec, trunk, cut, samples=samples, statistics=statistics, device=device, tick=tick
        )

    def _network(self, trunk: Trunk, head: nn.Sequential) -> Network:
        return Suffix(own_copy(trunk), head, self.cut)

    def _values(
        self, subset: str, order: NDArray[np.intp], size: int, crop_slice: int | None
    ) -> Iterator[tuple[Tensor, ...]]:
        return self.activations.batches(subset, order, size, crop_slice)
