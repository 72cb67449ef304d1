"""Checks of a grid before anything is trained or written."""

from __future__ import annotations

from collections.abc import Mapping

from neurograde.errors import SpecError
from neurograde.learning.data.inputs import Inputs
from neurograde.learning.data.samples import Samples
from neurograde.learning.losses.training_loss import LOSSES
from neurograde.learning.networks.backbones import input_size_px, outline
from neurograde.learning.networks.heads import check_width
from neurograde.learning.networks.session_network import freeze
from neurograde.learning.networks.weights import check_source, fitting, read_weights
from neurograde.learning.run.device import prepare_device
from neurograde.specs.train import TrainSpec


def check(spec: TrainSpec, samples: Mapping[str, Samples]) -> None:
    """Check that the device exists, and that every backbone exists, takes the patches and can be adapted as asked.

    Raises:
        DataError: a file of weights belongs to another network; names the file and the first tensor that differs.
        SpecError: naming the field, its value and what is accepted.
    """
    prepare_device(spec.device, spec.workers)
    if spec.engine == "plain" and spec.precision in ("bf16", "fp16"):
        raise SpecError(
            f"precision: {spec.precision!r} is of the shared engine's pass through the frozen part; "
            "engine plain accepts fp32 and fp64"
        )
    train = samples["train"]
    largest = max(spec.batch_sizes)
    if largest > len(train):
        raise SpecError(f"batch_sizes: {largest} is more than the {len(train)} train samples; accepted are 1 to that")
    for backbone in spec.backbones:
        trunk = outline(backbone.name, input_size_px(spec, backbone.name))
        check_source(backbone)
        weights = None if backbone.is_enum else read_weights(backbone)  # torchvision's own fit, once downloaded
        if weights is not None:
            fitting(trunk, weights)
        Inputs.of(spec, backbone.name, train.patch_size_px)
        for strategy in spec.strategies:
            freeze(trunk, strategy)
            trains_before_last = strategy.hidden_layers or not strategy.has_frozen_trunk
            if LOSSES[spec.loss.kind].has_centres and not trains_before_last:
                raise SpecError(
                    f"loss.kind: {spec.loss.kind!r} pulls at what enters the last layer, which {strategy.kind} does "
                    "not train; accepted are the other strategies, or another loss"
                )
            check_width(trunk, strategy)
