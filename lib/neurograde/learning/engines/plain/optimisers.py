"""The optimisers of table 1.4, by torch: what the plain engine steps with, and what stacked steps must equal."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from neurograde.specs.train import SGD, Adagrad, AdamW, Optimiser, RMSprop


def optimiser_of(spec: Optimiser, parameters: Iterable[nn.Parameter], learning_rate: float) -> torch.optim.Optimizer:
    """What torch steps these parameters with."""
    rate, decay = learning_rate, spec.weight_decay
    if isinstance(spec, SGD):
        return torch.optim.SGD(parameters, rate, momentum=spec.momentum, weight_decay=decay)
    if isinstance(spec, Adagrad):
        return torch.optim.Adagrad(parameters, rate, eps=spec.eps, weight_decay=decay)
    if isinstance(spec, RMSprop):
        return torch.optim.RMSprop(
            parameters, rate, alpha=spec.alpha, eps=spec.eps, weight_decay=decay, momentum=spec.momentum
        )
    kind = torch.optim.AdamW if isinstance(spec, AdamW) else torch.optim.Adam
    return kind(parameters, rate, betas=(spec.beta1, spec.beta2), eps=spec.eps, weight_decay=decay)
