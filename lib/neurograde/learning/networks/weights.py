"""Initial weights: `none`, a name of torchvision's enum, or the URL of a state dict; read safely, checked by name.

Nothing is unpickled but tensors (`weights_only`), and a state dict must fit its backbone tensor by tensor: only the
last layer, which the head replaces, and auxiliary heads, which are not built, may be there or not.
"""

from __future__ import annotations

import io
import pickle
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor
from torchvision import models

from neurograde.errors import DataError, DigestMismatch, SpecError, StoreUnavailable
from neurograde.learning.networks.backbones import Trunk, default_input_size_px, random_trunk
from neurograde.maths.digest import sha256_hex
from neurograde.specs.records import RawInput
from neurograde.specs.train import Backbone, TrainSpec
from neurograde.storage.raw import read_url

_AUXILIARY = re.compile(r"^(AuxLogits|aux1|aux2)\.")
_OLD_DENSENET = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$")  # as in torchvision's own files


@dataclass(frozen=True)
class Weights:
    """A file of weights."""

    source: str
    """URL it came from."""
    data: bytes
    """Its content."""
    licence: str | None
    """Its licence, where torchvision names one."""

    @property
    def sha256(self) -> str:
        """Digest of the content."""
        return sha256_hex(self.data)


def check_source(backbone: Backbone) -> None:
    """SpecError, with what torchvision offers, for a name that its enum of this backbone does not have."""
    if not backbone.is_enum:
        return
    known = [] if backbone.name == "leaknet" else [each.name for each in models.get_model_weights(backbone.name)]
    if backbone.weights not in known:
        raise SpecError(
            f"backbones: weights {backbone.weights!r} of {backbone.name} are unknown; accepted are none, the URL of a "
            f"state dict{''.join(f', {name}' for name in known)}"
        )


def prepare_trunk(spec: TrainSpec, backbone: Backbone, raw: Sequence[RawInput]) -> tuple[Trunk, Weights | None]:
    """The trunk as every session of `spec` begins with it, and the file of its weights, if there is one.

    Args:
        spec: Names the seed of random weights and the size of the inputs.
        backbone: Which trunk.
        raw: Files that the grid was made from; weights given by URL must still be what they were then.

    Raises:
        DigestMismatch: they are not; both digests are named.
        DataError, SpecError, StoreUnavailable: as `read_weights` and `load_weights` have it.
    """
    trunk = random_trunk(backbone.name, spec.input_size_px or default_input_size_px(backbone.name), spec.seed)
    weights = read_weights(backbone)
    if weights is not None:
        recorded = {each.path: each.sha256 for each in raw}.get(backbone.weights, weights.sha256)
        if weights.sha256 != recorded:
            raise DigestMismatch(f"{weights.source} has sha256 {weights.sha256}, the grid was made with {recorded}")
        load_weights(trunk, weights)
    return trunk, weights


def read_weights(backbone: Backbone) -> Weights | None:
    """The file behind `backbone.weights`; None for `none`.

    Raises:
        SpecError: there is no such file, or no such name.
        StoreUnavailable: torchvision's file cannot be downloaded now.
    """
    if backbone.weights == "none":
        return None
    if backbone.is_enum:
        check_source(backbone)
        return _torchvision(backbone)
    try:
        return Weights(backbone.weights, read_url(backbone.weights), None)
    except FileNotFoundError:
        raise SpecError(f"backbones: weights {backbone.weights!r} of {backbone.name}: no such file") from None


def load_weights(trunk: Trunk, weights: Weights) -> None:
    """Put the weights into the trunk; DataError as `fitting` has it."""
    trunk.module.load_state_dict(fitting(trunk, weights))


def fitting(trunk: Trunk, weights: Weights) -> dict[str, Tensor]:
    """The weights as a state dict of the trunk, which may be an outline.

    Raises:
        DataError: the file is no state dict, or another network's; names the file and the first tensor that differs.
    """
    given = _without_head(trunk, _tensors(weights))
    expected = trunk.module.state_dict()
    for name, tensor in expected.items():
        if name.endswith("num_batches_tracked"):
            given.setdefault(name, tensor)  # older files lack it, and frozen batch norm never asks
        if name not in given:
            raise DataError(f"{weights.source} is no state dict of {trunk.name}: it has no {name}")
        if given[name].shape != tensor.shape:
            raise DataError(
                f"{weights.source} is no state dict of {trunk.name}: {name} is {tuple(given[name].shape)}, "
                f"not {tuple(tensor.shape)}"
            )
    strange = next((name for name in given if name not in expected), None)
    if strange is not None:
        raise DataError(f"{weights.source} is no state dict of {trunk.name}, which has no {strange}")
    return given


def _without_head(trunk: Trunk, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    head = (f"{trunk.last}.weight", f"{trunk.last}.bias")
    names = {name: _OLD_DENSENET.sub(r"\1\2", name) for name in state}
    return {new: state[old] for old, new in names.items() if old not in head and not _AUXILIARY.match(old)}


def _tensors(weights: Weights) -> dict[str, Tensor]:
    try:
        if weights.source.endswith(".safetensors"):
            return dict(load_safetensors(weights.data))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickles that torch did not write: they are refused or they fit
            state = torch.load(io.BytesIO(weights.data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, SafetensorError) as error:
        reason = (str(error).splitlines() or ["it is empty"])[0]
        raise DataError(f"{weights.source} is no state dict that can be read safely: {reason}") from None
    if not isinstance(state, dict) or not all(isinstance(each, Tensor) for each in state.values()):
        raise DataError(f"{weights.source} is no state dict: it holds more than names and tensors")
    return state


def torchvision_file(backbone: Backbone) -> Path:
    """Where torchvision keeps the file of weights that its enum names, downloaded or not."""
    url: str = models.get_model_weights(backbone.name)[backbone.weights].url
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]


def _torchvision(backbone: Backbone) -> Weights:
    entry, path = models.get_model_weights(backbone.name)[backbone.weights], torchvision_file(backbone)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        prefix = path.stem.rpartition("-")[2]  # resnet18-f37072fd.pth: the start of the file's digest
        try:
            torch.hub.download_url_to_file(entry.url, str(path), hash_prefix=prefix, progress=False)
        except URLError as error:
            raise StoreUnavailable(f"{entry.url} cannot be downloaded: {error.reason}") from None
    return Weights(entry.url, path.read_bytes(), entry.meta.get("license"))
