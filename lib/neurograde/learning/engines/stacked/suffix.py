"""The engine of unfreezing: the plain one, but for the frozen part, which is computed once for all sessions.

Each batch begins at the boundary (`networks.boundary`) with values from a `BoundaryCache`. Steps, state, resume, names
of weights and draws of dropout are those of the plain engine: the same modules run in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from neurograde.learning.engines.plain.engine import PlainEngine
from neurograde.learning.engines.protocol import TrainingContext
from neurograde.learning.engines.stacked.boundary_cache import BoundaryCache
from neurograde.learning.networks.backbones import Trunk
from neurograde.learning.networks.boundary import Cut
from neurograde.learning.networks.session_network import Network, Values, own_copy
from neurograde.specs.records import Session


class Suffix(Network):
    """A session's network from the boundary on, with the modes and the names of the whole."""

    def __init__(self, trunk: nn.Module, head: nn.Sequential, cut: Cut) -> None:
        """Put the head on the part of the trunk after the cut."""
        super().__init__(trunk, head)
        self.suffix = cut.suffix(trunk)  # set after the trunk, whose names their common tensors keep

    def forward(self, values: Values) -> Tensor:
        """Return the logits."""
        logits: Tensor = self.head(self.suffix(values))
        return logits


class SuffixEngine(PlainEngine):
    """Sessions of one backbone of which some layers before the head are trained too."""

    def __init__(self, context: TrainingContext, sessions: Sequence[Session], cut: Cut) -> None:
        """Build networks and optimisers, before any step.

        Args:
            context: Samples, trunk and device; the layers that the strategy does not train are frozen in the trunk.
            sessions: The sessions; one backbone, one strategy.
            cut: Where the trunk is cut under that strategy.
        """
        self.cut = cut
        super().__init__(context, sessions)
        self.boundary = BoundaryCache(context, cut)

    def _network(self, trunk: Trunk, head: nn.Sequential) -> Network:
        return Suffix(own_copy(trunk), head, self.cut)

    def _values(
        self, subset: str, order: NDArray[np.intp], size: int, crop_slice: int | None
    ) -> Iterator[tuple[Tensor, ...]]:
        return self.boundary.batches(subset, order, size, crop_slice)
