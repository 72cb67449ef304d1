"""Dropout in the head, with masks from a stream of the session's own: the same bits in every engine.

A session draws one stream of bytes an epoch, named by (seed, session, epoch). A step takes from it, layer by layer,
a byte for every unit of every sample of the batch, and begins at a multiple of 8 bytes; a unit is kept when its byte
reaches the threshold. At a rate of one half a unit takes a bit, and is kept when it is set. So a rate is met to the
nearest 256th, and one random number serves 8 units, or 64: with the 2,048 features of Inception dropped in every step,
masks would else cost more than the training of a linear head.

Drawn on the CPU, wherever the head is trained: a session has the same masks on every device.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurograde.maths.seeding import seed_of


class Dropout(nn.Module):
    """Drops units in training, by the mask that it was given for the step."""

    def __init__(self, rate: float, units: int) -> None:
        """Make a layer of `units` units, each dropped with probability `rate`, to the nearest 256th."""
        super().__init__()
        self.units, self.threshold = units, min(255, round(256 * rate))
        self.scale = 256 / (256 - self.threshold)
        self.takes_bits = self.threshold == 128
        self.mask: Tensor | None = None

    def bytes_of(self, batch: int) -> int:
        """Random bytes that the masks of a batch take."""
        units = batch * self.units
        return -(-units // 8) if self.takes_bits else units

    def extra_repr(self) -> str:
        """Return rate and width for torch's printout."""
        return f"rate={self.threshold / 256:g}, units={self.units}"

    def forward(self, values: Tensor) -> Tensor:
        """Return the kept units, scaled so that their mean sum is unchanged; in eval mode all units."""
        if not self.training or not self.threshold:
            return values
        assert self.mask is not None
        return values * (self.mask.to(values.dtype) * self.scale)


class MaskStream:
    """The masks of one session in one epoch, step after step."""

    def __init__(self, seed: int, session: str, epoch: int) -> None:
        """Begin the stream."""
        self._bits = np.random.PCG64(seed_of(seed, "session", session, "epoch", epoch, "masks"))

    def draw(self, layers: list[Dropout], batch: int, steps: int = 1) -> NDArray[np.uint8]:
        """Return the bytes of the next steps of `batch` samples, (step, bytes), rounded up to a multiple of 8."""
        words = -(-sum(layer.bytes_of(batch) for layer in layers) // 8)
        return self._bits.random_raw(steps * words).view(np.uint8).reshape(steps, 8 * words)


def dropouts(head: nn.Module) -> list[Dropout]:
    """Return the dropout layers of a head that drop anything, in the order in which they take from the stream."""
    return [module for module in head.modules() if isinstance(module, Dropout) and module.threshold]


def masks(drawn: NDArray[np.uint8], layers: list[Dropout], batch: int) -> Iterator[NDArray[np.uint8]]:
    """Yield each layer's mask, 1 kept and 0 dropped, (..., batch, units), from the bytes of steps, (..., bytes)."""
    start = 0
    for layer in layers:
        part = drawn[..., start : start + layer.bytes_of(batch)]
        if layer.takes_bits:
            kept = np.unpackbits(part, axis=-1, count=batch * layer.units)
        else:
            kept = (part >= layer.threshold).view(np.uint8)
        yield kept.reshape(*drawn.shape[:-1], batch, layer.units)
        start += layer.bytes_of(batch)


def set_masks(head: nn.Module, stream: MaskStream, batch: int) -> None:
    """Give every dropout layer of the head its mask for the next step, of `batch` samples."""
    layers = dropouts(head)
    if not layers:
        return
    device = next(head.parameters()).device
    (drawn,) = stream.draw(layers, batch)
    for layer, mask in zip(layers, masks(drawn, layers, batch), strict=True):
        layer.mask = torch.from_numpy(mask).to(device)
