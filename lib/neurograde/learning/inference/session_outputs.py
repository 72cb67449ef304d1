"""Probabilities that trained sessions give to samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
    networks = [ready(network, device) for network in trained_networks(spec, sessions, bests, raw)]
    parts = [
        [probabilities for probabilities, _ in outputs]
        for outputs in outputs_of(networks, spec, sessions[0].backbone, samples, statistics, device=device)
    ]
    joined: NDArray[np.float64] = np.concatenate(parts, axis=1)
    return joined


def ready(network: Network, device: torch.device | str) -> Network:
    """Return the network as samples pass through it: on the device, channels last, in eval mode."""
    return network.to(device).to(memory_format=torch.channels_last).eval()


def outputs_of(
    networks: Sequence[Network],
    spec: TrainSpec,
    backbone: str,
    samples: Samples,
    statistics: Statistics,
    *,
    device: torch.device | str = "cpu",
) -> Iterator[list[tuple[NDArray[np.float64], Tensor]]]:
    """Yield what each of the networks makes of the samples, batch by batch.

    Args:
        networks: Networks of one backbone and one strategy, made by `ready`.
        spec: The train spec of their grid.
        backbone: Their backbone.
        samples: What passes through them.
        statistics: What they are standardised with.
        device: Where to compute.

    Yields:
        For each network the probabilities, (sample, class), the classes in the order of `spec.classes`, and the
        trunk's features, (sample, width), on the device.
    """
    inputs = Inputs.of(spec, backbone, samples.patch_size_px)
    objective = Objective(len(spec.classes))
    numbers_of = labels(spec)
    by_class = [numbers_of[name] for name in spec.classes]
    for start in range(0, len(samples), BATCH):
        numbers = np.arange(start, min(start + BATCH, len(samples)))
        with torch.no_grad():
            images = inputs.batch(samples, numbers, statistics, torch.device(device))
            passed = zip(networks, _features(networks, images), strict=True)
            outputs = [(objective.probabilities(network.head(features)), features) for network, features in passed]
        yield [(by_label.cpu().numpy()[:, by_class], features) for by_label, features in outputs]


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


def _features(networks: Sequence[Network], images: Tensor) -> list[Tensor]:
    """Return each trunk's features of a batch, from one pass where their trunks are the same to the last tensor."""
    first = networks[0]
    if any(name.startswith("trunk.") for name in first.session_tensors()):
        return [network.trunk(images) for network in networks]
    return [first.trunk(images)] * len(networks)
