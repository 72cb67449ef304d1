"""Torchvision's classifiers, with the weights that its enum names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.error import URLError

import torch
from torch import nn
from torchvision import models

from neurograde.errors import StoreUnavailable
from neurograde.learning.networks.families.family import FAMILIES, Family, Weights
from neurograde.specs.train import Backbone

INCEPTION = "inception_v3"
_WITH_AUXILIARY_HEADS = (INCEPTION, "googlenet")
_OLD_DENSENET = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$")  # as in torchvision's own files


class TorchvisionFamily(Family):
    """Every classifier that torchvision lists."""

    auxiliary_heads = ("AuxLogits", "aux1", "aux2")

    def __init__(self) -> None:
        """List the classifiers."""
        self._names = tuple(models.list_models(module=models))

    @property
    def names(self) -> Sequence[str]:
        """Return torchvision's names."""
        return self._names

    def build(self, name: str, input_size_px: int) -> nn.Module:
        """Return the network with random weights; torchvision's own take inputs of any size that suffices."""
        del input_size_px
        if name not in _WITH_AUXILIARY_HEADS:
            plain: nn.Module = models.get_model(name, weights=None)
            return plain
        options = {"aux_logits": False, "transform_input": False, "init_weights": False}
        network: nn.Module = models.get_model(name, weights=None, **options)
        # Their own random weights rely on batch norm in training mode; frozen, values would grow to 1e11.
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        return network

    def original(self, name: str, input_size_px: int) -> nn.Module:
        """Return the network with its auxiliary heads."""
        del input_size_px
        options = {"init_weights": False} if name in _WITH_AUXILIARY_HEADS else {}
        network: nn.Module = models.get_model(name, weights=None, **options)
        return network

    def input_size_px(self, name: str) -> int:
        """Return 299 for Inception, 224 for all others."""
        return 299 if name == INCEPTION else 224

    def resizes(self, name: str) -> bool:
        """Return True for Inception, as in the study (§2.2.1)."""
        return name == INCEPTION

    def weight_names(self, name: str) -> Sequence[str]:
        """Return the entries of torchvision's enum."""
        return [entry.name for entry in models.get_model_weights(name)]

    def weight_file(self, backbone: Backbone) -> Path:
        """Return the path at which torchvision keeps the file."""
        url: str = models.get_model_weights(backbone.name)[backbone.weights].url
        return Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]

    def read_weights(self, backbone: Backbone) -> Weights:
        """Return the file, downloaded by torch where it is not at hand."""
        entry, path = models.get_model_weights(backbone.name)[backbone.weights], self.weight_file(backbone)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            prefix = path.stem.rpartition("-")[2]  # resnet18-f37072fd.pth: the start of the file's digest
            try:
                torch.hub.download_url_to_file(entry.url, str(path), hash_prefix=prefix, progress=False)
            except URLError as error:
                raise StoreUnavailable(f"{entry.url} cannot be downloaded: {error.reason}") from None
        return Weights(entry.url, path.read_bytes(), entry.meta.get("license"))

    def parameter_name(self, name: str) -> str | None:
        """Return today's name of a tensor of an older file; None for one of an auxiliary head."""
        if name.startswith(tuple(f"{head}." for head in self.auxiliary_heads)):
            return None
        return _OLD_DENSENET.sub(r"\1\2", name)

    def published_accuracy(self, backbone: Backbone) -> tuple[float, float] | None:
        """Return what torchvision's enum records for named weights."""
        if not backbone.is_enum:
            return None
        metrics = models.get_model_weights(backbone.name)[backbone.weights].meta.get("_metrics", {}).get("ImageNet-1K")
        return (metrics["acc@1"] / 100, metrics["acc@5"] / 100) if metrics else None


FAMILIES.register("torchvision")(TorchvisionFamily())
