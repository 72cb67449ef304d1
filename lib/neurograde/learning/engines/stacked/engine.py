"""The shared engine: every session of a shard at once, as heads on features that were computed once.

Sessions of one batch size form stacks of a fixed width, the last one padded, so that a session's bits are those that
it has alone. Within an epoch nothing waits for the device: logits are kept, and losses are computed at its end.

Longer than other files: an epoch of stacks, their width and their halving share the state of one class.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import groupby
from threading import Event
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurograde.learning.data.inputs import slice_of_epoch, slices_of
from neurograde.learning.data.samples import labels as numbers_of
from neurograde.learning.engines.protocol import Tick
from neurograde.learning.engines.stacked.stack import Stack
from neurograde.learning.losses.objective import Objective
from neurograde.learning.networks.backbones import Trunk
from neurograde.learning.networks.dropout import MaskStream, masks
from neurograde.learning.networks.heads import new_head
from neurograde.learning.run.checkpoint import scoped, within
from neurograde.learning.run.schedule import factor
from neurograde.learning.run.session_progress import SessionProgress
from neurograde.maths.seeding import generator
from neurograde.runtime.log import log
from neurograde.specs.records import Metrics, Session
from neurograde.specs.train import TrainSpec

BLOCK_ROWS, BLOCK_BYTES = 128, 4 << 20
"""Most samples, and most bytes of features, gathered for a block: what the last cache of a processor holds."""


SECONDS_BETWEEN_TICKS = 0.2


class FeatureSource(Protocol):
    """A source of the frozen trunk's features."""

    def train(self, crop_slice: int | None) -> Tensor:
        """Return features of the train samples, (sample, width), in one slice of the bank; None: the centre crop."""

    def valid(self) -> Tensor:
        """Return features of the valid samples, (sample, width)."""


@dataclass
class _Group:
    """Sessions that are trained as one stack."""

    progress: list[SessionProgress]
    stack: Stack
    batch_size: int
    width: int
    """Members of the stack; those beyond `progress` are padding."""


class StackedEngine:
    """Sessions of one backbone whose trunk is frozen, and of one strategy."""

    def __init__(
        self,
        spec: TrainSpec,
        sessions: Sequence[Session],
        trunk: Trunk,
        features: FeatureSource,
        *,
        labels: Mapping[str, NDArray[np.int64]],
        device: torch.device,
        tick: Tick,
    ) -> None:
        """Build the heads, before any step.

        Args:
            spec: What all sessions share.
            sessions: The sessions; one backbone, one strategy that leaves the trunk frozen.
            trunk: Their trunk: its width, and the dropout before its last layer.
            features: Outputs of the trunk for the samples.
            labels: Labels of `train` and `valid`, (sample,) each.
            device: Device to train on.
            tick: Called after every few batches.
        """
        self.spec, self.features, self.device, self.tick = spec, features, device, tick
        self.objective = Objective.of(spec, numbers_of(spec), labels["train"])
        self.dtype = torch.float64 if spec.precision == "fp64" else torch.float32
        self.labels = {name: torch.from_numpy(label).to(device) for name, label in labels.items()}
        self.progress = [SessionProgress(session, spec.early_stopping) for session in sessions]
        self.workers = torch.get_num_threads() if device.type == "cpu" else 1
        self._passed: deque[int] = deque()  # samples, by the threads of the groups
        self._stopping = Event()
        self._trunk, self._fitting, self._halvings, self._has_fitted = trunk, dict[int, int](), 0, False
        self.groups: list[_Group] = []
        self._make_groups()

    @property
    def widths(self) -> dict[int, int]:
        """Members of a stack by batch size: a fact of the machine."""
        return {group.batch_size: group.width for group in self.groups}

    @property
    def diverged(self) -> dict[str, int]:
        """Diverged sessions, with the epoch in which they diverged."""
        return {member.session.id: member.diverged for member in self.progress if member.diverged is not None}

    def run_epoch(self, epoch: int) -> dict[str, Metrics]:
        """Train every live session for one epoch and measure it; epoch 0 only measures, before any step.

        Where the device runs out of memory, stacks are halved and the epoch is begun again. What an epoch needs is the
        same every time, so that what was there before is kept until one has been trained.
        """
        before = (
            None if self._has_fitted else {name: value.to("cpu", copy=True) for name, value in self.state().items()}
        )
        while True:
            measured: dict[str, Metrics] = {}
            try:
                for metrics in self._side_by_side(epoch):
                    measured |= metrics
            except torch.OutOfMemoryError as error:
                if before is None:
                    raise
                self._halve(error)
                self._make_groups()
                self.load_state(before)
                continue
            self._has_fitted = self._has_fitted or epoch > 0
            in_order = [member.session.id for member in self.progress]
            return {session: measured[session] for session in in_order if session in measured}

    def state(self) -> dict[str, Tensor]:
        """Return stacks without their padding, diverged members as zeros, and the progress of each session."""
        state: dict[str, Tensor] = {}
        for size, groups in self._by_batch_size(self.groups):
            parts = [_alive(group) for group in groups]
            state |= {f"stacks/b{size}/{name}": torch.cat([part[name] for part in parts]) for name in parts[0]}
        for member in self.progress:
            state |= scoped(f"sessions/{member.session.id}", member.state())
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Restore what `state` returned, into stacks of any width."""
        for size, groups in self._by_batch_size(self.groups):
            tensors, start = within(f"stacks/b{size}", state), 0
            for group in groups:
                stop = start + len(group.progress)
                group.stack.load({name: tensor[start:stop] for name, tensor in tensors.items()})
                start = stop
        for member in self.progress:
            member.load_state(within(f"sessions/{member.session.id}", state), self.device)

    def best(self) -> dict[str, Tensor]:
        """Return `<session>/<tensor>`: the weights of every session's best epoch, without diverged sessions."""
        best: dict[str, Tensor] = {}
        for member in self.progress:
            if member.diverged is None:
                best |= scoped(member.session.id, member.best)
        return best

    @staticmethod
    def _by_batch_size(groups: Sequence[_Group]) -> Iterator[tuple[int, Iterator[_Group]]]:
        return groupby(groups, lambda group: group.batch_size)

    def _make_groups(self) -> None:
        """Build all stacks, as wide as memory allows."""
        sizes = sorted({member.session.batch_size for member in self.progress})
        while not self.groups:
            try:
                self.groups = [group for size in sizes for group in self._groups(size)]
            except torch.OutOfMemoryError as error:
                self._halve(error)

    def _halve(self, error: torch.OutOfMemoryError) -> None:
        """Drop all stacks, so that the next have half the members; raise the error where they have one member."""
        if all(width >> self._halvings <= 1 for width in self._fitting.values()):
            raise error
        self._halvings += 1
        self.groups = []
        self._passed.clear()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        widths = ", ".join(
            f"{max(1, width >> self._halvings)} at batch {size}" for size, width in self._fitting.items()
        )
        log.warning(f"out of memory on {self.device.type}: stacks are halved to {widths} members; {error}")

    def _groups(self, batch_size: int) -> Iterator[_Group]:
        """Yield stacks of the sessions of one batch size."""
        trunk = self._trunk
        members = [member for member in self.progress if member.session.batch_size == batch_size]
        outputs, seed = self.objective.outputs, self.spec.seed
        heads = [new_head(trunk, member.session.adaptation, outputs, seed, member.session.id) for member in members]
        if batch_size not in self._fitting:
            self._fitting[batch_size] = stack_width(heads[0], batch_size, self.device)
        width = max(1, self._fitting[batch_size] >> self._halvings)
        for start in range(0, len(members), width):
            own = heads[start : start + width]
            padded = [*own, *[own[0]] * (width - len(own))]
            stack = Stack(
                [head.to(self.device, self.dtype) for head in padded], self.spec.optimiser, self.objective, batch_size
            )
            yield _Group(members[start : start + width], stack, batch_size, width)

    def _side_by_side(self, epoch: int) -> Iterator[dict[str, Metrics]]:
        """Run the epoch of every group, as many at a time as there are workers, each on one thread.

        A product over several threads may add up in another order; a group on one thread cannot, so bits do not depend
        on the number of workers. Ticks are called here, in the thread that a signal interrupts.
        """
        self._stopping.clear()
        for crop_slice in [piece for group in self.groups for piece in self._slices_read(group, epoch)]:
            self.features.train(crop_slice)  # here, where the trunk has all threads
        self.features.valid()
        pool = ThreadPoolExecutor(self.workers, "heads", initializer=lambda: torch.set_num_threads(1))
        try:
            under_way = {pool.submit(self._epoch, group, epoch) for group in self.groups}
            while under_way:
                ended, under_way = wait(under_way, SECONDS_BETWEEN_TICKS, FIRST_COMPLETED)
                while self._passed:
                    self.tick(self._passed.popleft())
                yield from (future.result() for future in ended)
        finally:
            self._stopping.set()
            pool.shutdown(cancel_futures=True)

    def _epoch(self, group: _Group, epoch: int) -> dict[str, Metrics]:
        live = [index for index, member in enumerate(group.progress) if member.trains_in(epoch)]
        if not live:
            return {}
        train = self._train(group, live, epoch) if epoch else self._evaluate(group, live, "train")
        valid = self._evaluate(group, live, "valid")
        metrics = {}
        for index in live:
            member = group.progress[index]
            metrics[member.session.id], is_best = member.judge(epoch, train[index], valid[index])
            if is_best:
                own = group.stack.parameters(index)
                member.best = {f"head.{name}": value.clone() for name, value in own.items()}
        return metrics

    def _train(self, group: _Group, live: list[int], epoch: int) -> dict[int, tuple[float, float]]:
        """Take the steps of one epoch; return loss and accuracy over the batches by member."""
        samples, outputs = len(self.labels["train"]), self.objective.outputs
        order = torch.from_numpy(self._orders(group, live, samples, epoch)).to(self.device)  # (member, sample)
        labels = self.labels["train"][order]
        rates = self._rates(group, live, epoch)
        sources = self._sources(group, live, epoch)
        streams = [MaskStream(self.spec.seed, group.progress[index].session.id, epoch) for index in live]
        logits = torch.zeros(group.width, samples, outputs, dtype=self.dtype, device=self.device)
        blocks = [*_blocks(samples, group.batch_size, group.width * sources[0][0].nbytes)]
        # One array for all blocks: memory that is new to the process costs more than what is written to it.
        room = sources[0].new_empty(group.width * max(stop - start for start, stop, _ in blocks) * sources[0].shape[1])
        for start, stop, batch in blocks:
            values = _gathered(sources, order[:, start:stop], room)  # (member, row, width)
            self._set_masks(group, live, streams, (stop - start) // batch, batch)
            group.stack.begin(values, batch, rates)
            for first in range(0, stop - start, batch):
                rows = slice(first, first + batch)
                own = slice(start + first, start + first + batch)
                logits[:, own] = group.stack.step(rows, labels[:, own], rates)
            group.stack.end()
            self._passed.append((stop - start) * len(live))
            if self._stopping.is_set():
                break
        return self._measured({index: (logits[index], labels[index]) for index in live})

    def _orders(self, group: _Group, live: list[int], samples: int, epoch: int) -> NDArray[np.int64]:
        """Return the order in which each member reads the samples, (member, sample)."""
        orders = np.tile(np.arange(samples), (group.width, 1))
        for index in live:
            names = ("session", group.progress[index].session.id, "epoch", epoch, "order")
            orders[index] = generator(self.spec.seed, *names).permutation(samples)
        return orders

    def _rates(self, group: _Group, live: list[int], epoch: int) -> Tensor:
        """Return the step size of each member, (member, 1, 1); 0 for padding and for ended sessions."""
        rates = torch.zeros(group.width, 1, 1, dtype=self.dtype)
        for index in live:
            session = group.progress[index].session
            rates[index] = session.learning_rate * factor(self.spec.schedule, epoch, session.epochs)
        return rates.to(self.device)

    def _sources(self, group: _Group, live: list[int], epoch: int) -> list[Tensor]:
        """Return the features that each member reads in this epoch; padding reads those of the first live member."""
        slices = dict(zip(live, self._slices_read(group, epoch), strict=True))
        return [self.features.train(slices.get(index, slices[live[0]])) for index in range(group.width)]

    def _slices_read(self, group: _Group, epoch: int) -> list[int | None]:
        """Return the slice of the bank that each live member reads in this epoch; None: the centre crop."""
        sessions = [member.session.id for member in group.progress if member.trains_in(epoch)]
        if self.spec.crop == "center" or not epoch:
            return [None] * len(sessions)
        slices = slices_of(self.spec)
        return [slice_of_epoch(self.spec.seed, session, epoch, slices) for session in sessions]

    def _set_masks(self, group: _Group, live: list[int], streams: list[MaskStream], steps: int, batch: int) -> None:
        """Draw the masks of the next steps for every live member; padding drops everything."""
        layers = [drop.layer for drop in group.stack.drops]
        if not layers:
            return
        drawn = np.stack([stream.draw(layers, batch, steps) for stream in streams])
        for drop, kept in zip(group.stack.drops, masks(drawn, layers, batch), strict=True):  # (live, step, batch, unit)
            shape = (group.width, steps * batch, drop.layer.units)
            if drop.masks.shape != shape:
                drop.masks = torch.zeros(shape, dtype=self.dtype, device=self.device)
            mask = torch.from_numpy(kept).to(self.device).view(len(live), *shape[1:])
            if len(live) == group.width:
                drop.masks.copy_(mask).mul_(drop.layer.scale)
            else:
                drop.masks[live] = mask.to(self.dtype).mul_(drop.layer.scale)

    def _evaluate(self, group: _Group, live: list[int], subset: str) -> dict[int, tuple[float, float]]:
        """Return mean loss and accuracy over a subset by member, in eval mode, with the centre crop."""
        values = self.features.train(None) if subset == "train" else self.features.valid()
        labels = self.labels[subset]
        logits = {index: group.stack.infer(values, index) for index in live}
        self._passed.append(len(labels) * len(live))
        return self._measured({index: (outputs, labels) for index, outputs in logits.items()})

    def _measured(self, outputs: Mapping[int, tuple[Tensor, Tensor]]) -> dict[int, tuple[float, float]]:
        """Return mean loss and accuracy by member, of logits (sample, outputs) and labels (sample,)."""
        losses = [self.objective.losses(logits.double(), labels).mean() for logits, labels in outputs.values()]
        right = [self.objective.correct(logits, labels).double() / len(labels) for logits, labels in outputs.values()]
        pairs = zip(torch.stack(losses).tolist(), torch.stack(right).tolist(), strict=True)
        return dict(zip(outputs, pairs, strict=True))


def stack_width(head: nn.Sequential, batch_size: int, device: torch.device) -> int:
    """Return the number of members of a stack: the fastest measured, independent of the other sessions.

    On a CPU a lone layer is bound by calls, so that many members share one, as long as the values of a step stay in the
    processor's cache; a deep head is bound by its weights, which more members would drive out of the cache. A GPU takes
    as many as its memory allows, so there the width is a property of the machine.
    """
    is_deep = sum(isinstance(layer, nn.Linear) for layer in head) > 1
    if device.type == "cpu":
        if is_deep:
            return 4
        return 50 if batch_size <= 8 else 25 if batch_size <= 16 else 10 if batch_size <= 64 else 5
    free, _ = torch.cuda.mem_get_info(device)
    return width_within(free // 4, head, batch_size)  # a quarter: several stacks, features and best weights share it


def width_within(memory_bytes: int, head: nn.Sequential, batch_size: int) -> int:
    """Return the largest power of two of members, up to 256, whose stack fits into a memory."""
    weights = sum(parameter.numel() for parameter in head.parameters())
    units = sum(layer.out_features + layer.in_features for layer in head if isinstance(layer, nn.Linear))
    rows = max(BLOCK_ROWS, batch_size)
    # Weight, velocity, and a gradient of it; values, masks and gradients of a block.
    member_bytes = 4 * (3 * weights + 3 * units * rows)
    width = 256
    while width > 1 and width * member_bytes > memory_bytes:
        width //= 2
    return width


def _alive(group: _Group) -> dict[str, Tensor]:
    """Return the stack's tensors without padding; diverged members, which are never read again, as zeros."""
    alive = [member.diverged is None for member in group.progress]
    tensors = {}
    for name, tensor in group.stack.tensors().items():
        own = tensor[: len(alive)]
        kept = torch.tensor(alive, device=own.device).view(-1, *[1] * (own.ndim - 1))
        tensors[name] = torch.where(kept, own, 0)
    return tensors


def _blocks(samples: int, batch: int, bytes_a_sample: int) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and batch length of blocks of whole batches; a shorter last batch is a separate block."""
    whole = samples - samples % batch
    rows = max(1, min(BLOCK_ROWS, BLOCK_BYTES // bytes_a_sample) // batch) * batch
    for start in range(0, whole, rows):
        yield start, min(start + rows, whole), batch
    if whole < samples:
        yield whole, samples, samples - whole


def _gathered(sources: list[Tensor], rows: Tensor, room: Tensor) -> Tensor:
    """Return the rows (member, row) of each member's source, (member, row, width), in the memory of `room`."""
    first = sources[0]
    gathered = room[: rows.numel() * first.shape[1]].view(*rows.shape, -1)
    if all(source is first for source in sources):
        torch.index_select(first, 0, rows.reshape(-1), out=gathered.view(rows.numel(), -1))
    else:
        for source, own, target in zip(sources, rows, gathered, strict=True):
            torch.index_select(source, 0, own, out=target)
    return gathered
