"""Grad-CAM: which parts of a patch speak for a class (Selvaraju et al., ICCV 2017).

The last activation that still has positions is weighted, channel by channel, with the mean gradient of the class's
logit over the positions; what is positive of the sum is the map. It says where the network looked, not why.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurograde.errors import DataError


def gradcam(
    network: nn.Module, images: Tensor, outputs: NDArray[np.intp], signs: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the maps of a batch.

    Args:
        network: Images in, logits (batch, output) out; in eval mode.
        images: Shape (batch, 3, side, side), as the network takes them.
        outputs: Shape (batch,): index of the output to explain, per image.
        signs: Shape (batch,): 1 for what speaks for it, -1 for what speaks against it (a lone logit's other class).

    Returns:
        Shape (batch, side, side), from 0 to 1; all 0 where nothing speaks for it.

    Raises:
        DataError: no activation of the network has positions.
    """
    with torch.enable_grad(), _last_activation(network) as kept:
        logits = network(images.detach().requires_grad_())  # so that frozen layers take part in the gradient
        rows = torch.arange(len(images), device=logits.device)
        scores = logits[rows, torch.as_tensor(outputs, device=logits.device)] * torch.as_tensor(
            signs, device=logits.device
        )
        if not kept:
            raise DataError("Grad-CAM: no activation of this network has positions")
        activation = kept[-1]
        (gradient,) = torch.autograd.grad(scores.sum(), activation)
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # (batch, channel, 1, 1)
    maps = (weights * activation.detach()).sum(dim=1, keepdim=True).clamp(min=0)
    largest = maps.amax(dim=(2, 3), keepdim=True)
    maps = maps / torch.where(largest > 0, largest, torch.ones_like(largest))
    grown = nn.functional.interpolate(maps, size=images.shape[2:], mode="bilinear", align_corners=False)
    values: NDArray[np.float32] = grown[:, 0].cpu().numpy()
    return values


@contextmanager
def _last_activation(network: nn.Module) -> Iterator[list[Tensor]]:
    """Return the outputs of leaf modules with positions, in the order in which they run; the last one is explained."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _values: object, out: object) -> Tensor | None:
        if not isinstance(out, Tensor) or out.ndim != 4 or out.shape[2] * out.shape[3] < 2:
            return None
        kept[:] = [out]
        return out.clone()  # what comes next may work in place

    hooks = [module.register_forward_hook(keep) for module in network.modules() if not list(module.children())]
    try:
        yield kept
    finally:
        for hook in hooks:
            hook.remove()
