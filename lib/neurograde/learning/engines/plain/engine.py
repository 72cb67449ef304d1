"""The plain engine: one session after the other, one batch after the other, as in a textbook.

It is the reference that every faster engine is compared with, so it holds no trick: a real network per session
(the frozen part shared), torch's own optimiser and autograd, the loop of the study.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurograde.learning.data.inputs import Inputs, slice_of_epoch, slices_of
from neurograde.learning.data.samples import labels as numbers_of
from neurograde.learning.engines.optimisers.optimiser import torch_optimiser
from neurograde.learning.engines.protocol import TrainingContext
from neurograde.learning.losses.objective import Objective
from neurograde.learning.networks.backbones import Trunk
from neurograde.learning.networks.dropout import MaskStream, set_masks
from neurograde.learning.networks.heads import new_head
from neurograde.learning.networks.session_network import Network, Values, freeze, own_copy
from neurograde.learning.run.checkpoint import scoped, within
from neurograde.learning.run.schedule import factor
from neurograde.learning.run.session_progress import SessionProgress
from neurograde.maths.seeding import generator, seed_of
from neurograde.specs.records import Metrics, Session

EVALUATION_BATCH = 64


@dataclass
class _Member:
    """A session under way."""

    progress: SessionProgress
    network: Network
    optimiser: torch.optim.Optimizer
    centres: Tensor
    """Centre of each class, (class, units before the last layer); moved under centre loss only."""

    @property
    def session(self) -> Session:
        """The session."""
        return self.progress.session


class PlainEngine:
    """Sessions of one backbone and one strategy."""

    def __init__(self, context: TrainingContext, sessions: Sequence[Session]) -> None:
        """Build networks and optimisers, before any step.

        Args:
            context: Samples, trunk and device; the layers that the strategy does not train are frozen in the trunk.
            sessions: The sessions; one backbone, one strategy.
        """
        spec, trunk, samples = context.spec, context.trunk, context.samples
        self.spec, self.samples, self.statistics = spec, samples, context.statistics
        self.device, self.tick, self.dtype = context.device, context.tick, context.dtype
        self.inputs = Inputs.of(spec, trunk.name, context.patch_size_px)
        self.objective = Objective.of(spec, numbers_of(spec), samples["train"].labels)
        self.labels = {name: torch.from_numpy(subset.labels).to(self.device) for name, subset in samples.items()}
        freeze(trunk, sessions[0].adaptation)
        trunk.module.to(self.device, self.dtype).to(memory_format=torch.channels_last)
        self.members = [self._member(trunk, session) for session in sessions]

    @property
    def diverged(self) -> dict[str, int]:
        """Diverged sessions, with the epoch in which they diverged."""
        diverged = {member.session.id: member.progress.diverged for member in self.members}
        return {session: epoch for session, epoch in diverged.items() if epoch is not None}

    def run_epoch(self, epoch: int) -> dict[str, Metrics]:
        """Train every live session for one epoch and measure it; epoch 0 only measures, before any step."""
        live = [member for member in self.members if member.progress.trains_in(epoch)]
        return {member.session.id: self._epoch(member, epoch) for member in live}

    def state(self) -> dict[str, Tensor]:
        """Return tensors, optimiser, best weights and loss per session; of a diverged one, only the epoch."""
        state: dict[str, Tensor] = {}
        for member in self.members:
            own = member.progress.state()
            if member.progress.diverged is None:
                own |= scoped("network", member.network.session_tensors())
                own |= scoped("optimiser", _optimiser_state(member))
                own |= {"centres": member.centres} if self.objective.training_loss.has_centres else {}
            state |= scoped(member.session.id, own)
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Restore what `state` returned."""
        for member in self.members:
            own = within(member.session.id, state)
            member.progress.load_state(own, self.device)
            if member.progress.diverged is None:
                member.network.load_session(within("network", own), f"the checkpoint of {member.session.id}")
                _load_optimiser_state(member, within("optimiser", own))
                if self.objective.training_loss.has_centres:
                    member.centres = own["centres"].to(self.device)

    def best(self) -> dict[str, Tensor]:
        """Return `<session>/<tensor>`: the weights of every session's best epoch, without diverged sessions."""
        best: dict[str, Tensor] = {}
        for member in self.members:
            if member.progress.diverged is None:
                best |= scoped(member.session.id, member.progress.best)
        return best

    def _member(self, trunk: Trunk, session: Session) -> _Member:
        head = new_head(trunk, session.adaptation, self.objective.outputs, self.spec.seed, session.id)
        network = self._network(trunk, head).to(self.device, self.dtype).to(memory_format=torch.channels_last)
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        optimiser = torch_optimiser(self.spec.optimiser, trained, session.learning_rate)
        centres = torch.zeros(self.objective.classes, network.last.in_features, device=self.device, dtype=self.dtype)
        return _Member(SessionProgress(session, self.spec.early_stopping), network, optimiser, centres)

    def _network(self, trunk: Trunk, head: nn.Sequential) -> Network:
        """Return a session's network, which takes the values of `_values`."""
        return Network(own_copy(trunk), head)

    def _epoch(self, member: _Member, epoch: int) -> Metrics:
        train = self._train(member, epoch) if epoch else self._evaluate(member, "train")
        valid = self._evaluate(member, "valid")
        metrics, is_best = member.progress.judge(epoch, train, valid)
        if is_best:
            member.progress.best = {name: tensor.clone() for name, tensor in member.network.session_tensors().items()}
        return metrics

    def _train(self, member: _Member, epoch: int) -> tuple[float, float]:
        """Take the steps of one epoch; return running means of loss and accuracy, batches weighted by their length."""
        session, samples = member.session, self.samples["train"]
        order = generator(self.spec.seed, "session", session.id, "epoch", epoch, "order").permutation(len(samples))
        crop_slice = None
        if self.spec.crop == "random":
            crop_slice = slice_of_epoch(self.spec.seed, session.id, epoch, slices_of(self.spec))
        sums = torch.zeros(2, dtype=torch.float64, device=self.device)
        for group in member.optimiser.param_groups:
            group["lr"] = session.learning_rate * factor(self.spec.schedule, epoch, session.epochs)
        member.network.training_mode()
        stream = MaskStream(self.spec.seed, session.id, epoch)
        with self._own_randomness(session, epoch):
            for values, labels in self._batches("train", order, session.batch_size, crop_slice):
                set_masks(member.network.head, stream, len(labels))
                logits = member.network(values)
                loss = self.objective.loss(logits, labels)
                member.optimiser.zero_grad()
                self._step_loss(member, loss, labels).backward()  # type: ignore[no-untyped-call]  # torch has no types here
                member.optimiser.step()
                with torch.no_grad():
                    sums += torch.stack([loss.double() * len(labels), self.objective.correct(logits, labels).double()])
                self.tick(len(labels))
        return _means(sums, len(samples))

    def _step_loss(self, member: _Member, recorded: Tensor, labels: Tensor) -> Tensor:
        """Return the loss that the step minimises: the recorded one, unless it needs more than the logits."""
        loss, last, hidden = self.objective.training_loss, member.network.last, member.network.hidden
        if loss.replaces_logits:
            return self.objective.loss(loss.step_logits(hidden, last.weight, last.bias[None], labels), labels)
        if loss.has_centres:
            penalty = loss.penalty(hidden, member.centres, labels)
            member.centres = loss.next_centres(hidden.detach(), member.centres, labels)
            return recorded + penalty
        return recorded

    @torch.no_grad()
    def _evaluate(self, member: _Member, subset: str) -> tuple[float, float]:
        """Return mean loss and accuracy over a subset, in eval mode, with the centre crop."""
        samples = self.samples[subset]
        sums = torch.zeros(2, dtype=torch.float64, device=self.device)
        member.network.eval()
        for values, labels in self._batches(subset, np.arange(len(samples)), EVALUATION_BATCH, None):
            logits = member.network(values)
            loss = self.objective.loss(logits, labels).double() * len(labels)
            sums += torch.stack([loss, self.objective.correct(logits, labels).double()])
            self.tick(len(labels))
        return _means(sums, len(samples))

    def _batches(
        self, subset: str, order: NDArray[np.intp], size: int, crop_slice: int | None
    ) -> Iterator[tuple[Values, Tensor]]:
        """Yield inputs of the network and labels (batch,), `size` samples per batch, in `order`."""
        labels = torch.split(self.labels[subset][torch.from_numpy(order).to(self.device)], size)
        return zip(self._values(subset, order, size, crop_slice), labels, strict=True)

    def _values(self, subset: str, order: NDArray[np.intp], size: int, crop_slice: int | None) -> Iterator[Values]:
        """Yield images (batch, 3, side, side), or the values of a later layer, `size` samples per batch."""
        samples, statistics = self.samples[subset], self.statistics[subset]
        for start in range(0, len(order), size):
            yield self.inputs.batch(samples, order[start : start + size], statistics, self.device, crop_slice)

    @contextmanager
    def _own_randomness(self, session: Session, epoch: int) -> Iterator[None]:
        """Seed torch's generator, which dropout of the unfrozen part draws from, for the session; then restore it."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed_of(self.spec.seed, "session", session.id, "epoch", epoch, "dropout"))
            yield


def _means(sums: Tensor, count: int) -> tuple[float, float]:
    loss, correct = sums.tolist()
    return loss / count, correct / count


def _optimiser_state(member: _Member) -> dict[str, Tensor]:
    """Return the optimiser's tensors as `<parameter>/<slot>`."""
    return {
        f"{name}/{slot}": value
        for name, parameter in member.network.named_parameters()
        for slot, value in member.optimiser.state.get(parameter, {}).items()
        if isinstance(value, Tensor)
    }


def _load_optimiser_state(member: _Member, state: Mapping[str, Tensor]) -> None:
    member.optimiser.state.clear()
    for name, parameter in member.network.named_parameters():
        slots = within(name, state)
        if slots:
            member.optimiser.state[parameter] = {
                slot: value.to(parameter.device, memory_format=torch.preserve_format) for slot, value in slots.items()
            }
