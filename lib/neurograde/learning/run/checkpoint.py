"""Checkpoints as safetensors: tensors by name in canonical order, so that equal states are equal bytes.

There is nothing in them but tensors, so nothing to unpickle, and no time, attempt or metadata that would make two
equal states differ.
"""

from __future__ import annotations

from collections.abc import Mapping

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from neurograde.errors import DataError


def encode(tensors: Mapping[str, Tensor]) -> bytes:
    """Return the tensors as one blob."""
    data: bytes = save({name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)})
    return data


def decode(data: bytes, where: str) -> dict[str, Tensor]:
    """Return the tensors of a blob, in memory of the CPU; raise DataError naming `where` where it cannot be read."""
    try:
        return dict(load(data))
    except SafetensorError as error:
        raise DataError(f"{where} is no checkpoint: {error}") from None


def scoped(scope: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors under names that begin with `scope/`."""
    return {f"{scope}/{name}": tensor for name, tensor in tensors.items()}


def within(scope: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with `scope/`, without that prefix."""
    return {name.removeprefix(f"{scope}/"): tensor for name, tensor in tensors.items() if name.startswith(f"{scope}/")}
