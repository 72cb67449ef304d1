"""What a trained session says of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurograde.learning.checkpoint import decode, within
from neurograde.learning.heads import new_head
from neurograde.learning.inputs import Inputs
from neurograde.learning.network import Network, freeze
from neurograde.learning.objective import Objective
from neurograde.learning.samples import Samples, Statistics, labels
from neurograde.learning.weights import prepare_trunk
from neurograde.specs.records import RawInput, Session
from neurograde.specs.train import Backbone, TrainSpec

BATCH = 64


def predict(
    spec: TrainSpec,
    session: Session,
    best: bytes | Mapping[str, Tensor],
    samples: Samples,
    statistics: Statistics,
    *,
    device: torch.device | str = "cpu",
    raw: Sequence[RawInput] = (),
) -> NDArray[np.float64]:
    """Probability of each class by the session's best weights, in eval mode, with the centre crop.

    Args:
        spec: The train spec of the grid.
        session: One of its sessions.
        best: The shard's best.safetensors, as bytes or decoded.
        samples: What to predict.
        statistics: What they are standardised with.
        device: Where to compute.
        raw: The grid's files from outside: weights given by URL must still be what they were.

    Returns:
        Shape (sample, class), the classes in the order of `spec.classes`, rows of sum 1.

    Raises:
        DigestMismatch: the initial weights are no longer those of the grid.
        DataError: `best` is no checkpoint, or not of this session.
    """
    network = trained_network(spec, session, best, raw).to(device).to(memory_format=torch.channels_last).eval()
    inputs = Inputs.of(spec, session.backbone, samples.patch_size_px)
    objective = Objective(len(spec.classes))
    parts = []
    with torch.no_grad():
        for start in range(0, len(samples), BATCH):
            numbers = np.arange(start, min(start + BATCH, len(samples)))
            images = inputs.batch(samples, numbers, statistics, torch.device(device))
            parts.append(objective.probabilities(network(images)).cpu().numpy())
    by_label = np.concatenate(parts)
    numbers_of = labels(spec)
    return by_label[:, [numbers_of[name] for name in spec.classes]]


def trained_network(
    spec: TrainSpec, session: Session, best: bytes | Mapping[str, Tensor], raw: Sequence[RawInput] = ()
) -> Network:
    """The session's network with its best weights; arguments and errors as for `predict`."""
    tensors = decode(best, f"best.safetensors of {session.id}") if isinstance(best, bytes) else best
    trunk, _ = prepare_trunk(spec, Backbone(name=session.backbone, weights=session.weights), raw)
    freeze(trunk, session.adaptation)
    head = new_head(trunk, session.adaptation, Objective(len(spec.classes)).outputs, spec.seed, session.id)
    network = Network(trunk.module, head)
    network.load_session(within(session.id, tensors), f"best.safetensors, session {session.id}")
    return network
