"""Probabilities that trained sessions give to samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Samples, Statistics, labels
from neurograde.learning.losses.objective import Objective
from neurograde.learning.networks.heads import new_head
from neurograde.learning.networks.session_network import Network, freeze, own_copy
from neurograde.learning.networks.weights import prepare_trunk
from neurograde.learning.run.checkpoint import decode, within
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
    """Return the probability of each class by the session's best weights, in eval mode, with the centre crop.

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
    probabilities: NDArray[np.float64] = predict_each(
        spec, [session], [best], samples, statistics, device=device, raw=raw
    )[0]
    return probabilities


def predict_each(
    spec: TrainSpec,
    sessions: Sequence[Session],
    bests: Sequence[bytes | Mapping[str, Tensor]],
    samples: Samples,
    statistics: Statistics,
    *,
    device: torch.device | str = "cpu",
    raw: Sequence[RawInput] = (),
) -> NDArray[np.float64]:
    """Return the probabilities of several sessions of one backbone and one strategy, with the bits that each has alone.

    A trunk that is wholly frozen passes each sample once for all of them; their frozen weights are held once in any
    case. `bests` are the best weights of each session; otherwise arguments and errors are those of `predict`.

    Returns:
        Shape (session, sample, class).
    """
    networks = [
        network.to(device).to(memory_format=torch.channels_last).eval()
        for network in trained_networks(spec, sessions, bests, raw)
    ]
    inputs = Inputs.of(spec, sessions[0].backbone, samples.patch_size_px)
    objective = Objective(len(spec.classes))
    parts = []
    with torch.no_grad():
        for start in range(0, len(samples), BATCH):
            numbers = np.arange(start, min(start + BATCH, len(samples)))
            images = inputs.batch(samples, numbers, statistics, torch.device(device))
            logits = _logits(networks, images)
            parts.append([objective.probabilities(logit).cpu().numpy() for logit in logits])
    by_label = np.concatenate(parts, axis=1)  # (session, sample, label)
    numbers_of = labels(spec)
    by_class: NDArray[np.float64] = by_label[:, :, [numbers_of[name] for name in spec.classes]]
    return by_class


def trained_network(
    spec: TrainSpec, session: Session, best: bytes | Mapping[str, Tensor], raw: Sequence[RawInput] = ()
) -> Network:
    """Return the session's network with its best weights; arguments and errors as for `predict`."""
    return trained_networks(spec, [session], [best], raw)[0]


def trained_networks(
    spec: TrainSpec,
    sessions: Sequence[Session],
    bests: Sequence[bytes | Mapping[str, Tensor]],
    raw: Sequence[RawInput] = (),
) -> list[Network]:
    """Return the networks of sessions of one backbone and one strategy; frozen parts share their memory."""
    first = sessions[0]
    trunk, _ = prepare_trunk(spec, Backbone(name=first.backbone, weights=first.weights), raw)
    freeze(trunk, first.adaptation)
    outputs = Objective(len(spec.classes)).outputs
    networks = []
    for session, best in zip(sessions, bests, strict=True):
        tensors = decode(best, f"best.safetensors of {session.id}") if isinstance(best, bytes) else best
        network = Network(own_copy(trunk), new_head(trunk, session.adaptation, outputs, spec.seed, session.id))
        network.load_session(within(session.id, tensors), f"best.safetensors, session {session.id}")
        networks.append(network)
    return networks


def _logits(networks: Sequence[Network], images: Tensor) -> list[Tensor]:
    """Return each network's outputs of a batch, in one pass where their trunks are the same to the last tensor."""
    first = networks[0]
    if any(name.startswith("trunk.") for name in first.session_tensors()):
        return [network(images) for network in networks]
    features = first.trunk(images)
    return [network.head(features) for network in networks]
