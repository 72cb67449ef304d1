"""An exported state dict as a network of torch's again, to look into it or to train on: no store is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from neurograde.learning.losses.objective import Objective
from neurograde.learning.networks.backbones import random_trunk
from neurograde.learning.networks.heads import new_head
from neurograde.learning.networks.session_network import Network
from neurograde.specs.records import STRATEGY


def rebuild(card: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Network:
    """Return the network, in eval mode: standardised images (batch, 3, side, side) in, logits (batch, outputs) out.

    Args:
        card: card.json of the export.
        tensors: Its model.safetensors, as `safetensors.torch.load_file` reads it.

    Raises:
        RuntimeError: the tensors are another network's; torch's words say which.
    """
    model = card["model"]
    trunk = random_trunk(model["backbone"], card["input"]["network_size_px"], 0)
    outputs = Objective(len(model["classes"])).outputs
    head = new_head(trunk, STRATEGY.validate_python(model["strategy"]), outputs, 0, model["session"])
    network = Network(trunk.module, head)
    network.load_state_dict(dict(tensors))
    return network.eval()
