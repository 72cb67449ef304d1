"""Initial weights: `none`, a name of the family's weights, or the URL of a state dict; read safely, checked by name.

Nothing is unpickled but tensors (`weights_only`), and a state dict must fit its backbone tensor by tensor: only the
last layer, which the head replaces, and auxiliary heads, which are not built, may be there or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from neurograde.errors import DataError, DigestMismatch, SpecError
from neurograde.learning.networks.backbones import Trunk, input_size_px, random_trunk
from neurograde.learning.networks.families.family import Weights, family_of
from neurograde.learning.networks.state_dict import read_state_dict, unusable
from neurograde.specs.records import RawInput
from neurograde.specs.train import Backbone, TrainSpec
from neurograde.storage.raw import read_url


def check_source(backbone: Backbone) -> None:
    """Raise SpecError, naming the weights that the family offers, where it has none of this name."""
    if not backbone.is_enum:
        return
    if backbone.weights not in family_of(backbone.name).weight_names(backbone.name):
        raise SpecError(
            f"backbones: weights {backbone.weights!r} of {backbone.name} are unknown; {_accepted(backbone.name)}"
        )


def _accepted(backbone: str) -> str:
    names = "".join(f", {name}" for name in family_of(backbone).weight_names(backbone))
    return f"accepted are none, the URL of a state dict{names}"


def prepare_trunk(spec: TrainSpec, backbone: Backbone, raw: Sequence[RawInput]) -> tuple[Trunk, Weights | None]:
    """Return the trunk with which every session of `spec` begins, and the file of its weights, or None.

    Args:
        spec: Names the seed of random weights and the size of the inputs.
        backbone: Which trunk.
        raw: Files that the grid was made from; weights given by URL must still be what they were then.

    Raises:
        DigestMismatch: they are not; both digests are named.
        DataError, SpecError, StoreUnavailable: as in `read_weights` and `load_weights`.
    """
    trunk = random_trunk(backbone.name, input_size_px(spec, backbone.name), spec.seed)
    weights = read_weights(backbone)
    if weights is not None:
        recorded = {file.path: file.sha256 for file in raw}.get(backbone.weights, weights.sha256)
        if weights.sha256 != recorded:
            raise DigestMismatch(f"{weights.source} has sha256 {weights.sha256}, the grid was made with {recorded}")
        load_weights(trunk, weights)
    return trunk, weights


def read_weights(backbone: Backbone) -> Weights | None:
    """Return the file behind `backbone.weights`; None for `none`.

    Raises:
        SpecError: the file or the name does not exist.
        StoreUnavailable: the file cannot be downloaded now.
    """
    if backbone.weights == "none":
        return None
    if backbone.is_enum:
        check_source(backbone)
        return family_of(backbone.name).read_weights(backbone)
    try:
        return Weights(backbone.weights, read_url(backbone.weights), None)
    except FileNotFoundError:
        raise SpecError(
            f"backbones: weights {backbone.weights!r} of {backbone.name}: no such file; {_accepted(backbone.name)}"
        ) from None


def load_weights(trunk: Trunk, weights: Weights) -> None:
    """Load the weights into the trunk; raise DataError as `fitting` does."""
    trunk.module.load_state_dict(fitting(trunk, weights))


def fitting(trunk: Trunk, weights: Weights) -> dict[str, Tensor]:
    """Return the weights as a state dict of the trunk, which may be an outline.

    Raises:
        DataError: the file holds no state dict, or one of another network; names the file and the first such tensor.
    """
    state = _without_head(trunk, read_state_dict(weights.data, weights.source))
    expected = trunk.module.state_dict()
    for name, tensor in expected.items():
        if name.endswith("num_batches_tracked"):
            state.setdefault(name, tensor)  # older files lack it, and frozen batch norm never asks
        if name not in state:
            raise DataError(f"{weights.source} is no state dict of {trunk.name}: it has no {name}")
        if state[name].shape != tensor.shape:
            raise DataError(
                f"{weights.source} is no state dict of {trunk.name}: {name} is {tuple(state[name].shape)}, "
                f"not {tuple(tensor.shape)}"
            )
        fault = unusable(state[name], tensor)
        if fault is not None:
            raise DataError(f"{weights.source}: {name} {fault}")
    strange = next((name for name in state if name not in expected), None)
    if strange is not None:
        raise DataError(f"{weights.source} is no state dict of {trunk.name}, which has no {strange}")
    return state


def _without_head(trunk: Trunk, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    head = (f"{trunk.last}.weight", f"{trunk.last}.bias")
    family = family_of(trunk.name)
    names = {name: family.parameter_name(name) for name in state if name not in head}
    return {new: state[old] for old, new in names.items() if new is not None}
