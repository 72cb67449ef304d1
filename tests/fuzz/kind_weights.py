"""Weights: state dicts of torch's formats and safetensors, damaged as bytes and tensor by tensor, read by content."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile
from functools import cache
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor

from neurograde.learning.networks.backbones import Trunk, random_trunk
from neurograde.learning.networks.families.family import Weights
from neurograde.learning.networks.weights import load_weights
from tests.fuzz.bytes_of import damaged
from tests.fuzz.frame import Kind

BACKBONE, SIDE_PX = "squeezenet1_1", 46


class Stranger:
    """An object that torch does not take for a tensor."""


TENSORS = (
    lambda tensor: tensor * float("nan"),
    lambda tensor: tensor / 0,
    lambda tensor: tensor.double() * 1e300,
    lambda tensor: tensor.to_sparse(),
    lambda tensor: tensor.reshape(len(tensor), -1).to_sparse_csr(),
    lambda tensor: torch.quantize_per_tensor(tensor.float(), 0.1, 0, torch.qint8),
    lambda tensor: tensor.to("meta"),
    lambda tensor: tensor.to(torch.int8),
    lambda tensor: tensor > 0,
    lambda tensor: tensor.to(torch.complex64),
    lambda tensor: tensor.half(),
    lambda tensor: tensor.bfloat16(),
    lambda tensor: tensor.to(torch.float8_e4m3fn),
    lambda tensor: tensor[:0],
    lambda tensor: tensor.reshape(-1),
    lambda tensor: tensor[:1].expand(tensor.shape),
    lambda tensor: torch.zeros(1).expand(10**6, 10**6),
    torch.nn.Parameter,
    lambda tensor: torch.nested.nested_tensor([tensor[0], tensor[0]]),
    lambda tensor: [tensor],
    lambda tensor: None,
    lambda tensor: "x",
    lambda tensor: Stranger(),
)
"""Changes of one tensor."""


def attempt(random: Random, _folder: Path) -> None:
    """Load a mutant into the trunk."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = mutant(random)
        load_weights(trunk(), Weights(random.choice(("w.pth", "w.safetensors", "w")), data, None))


@cache
def trunk() -> Trunk:
    """Return a network to load weights into."""
    return random_trunk(BACKBONE, SIDE_PX, 0)


@cache
def state() -> dict[str, Tensor]:
    """Return weights that fit."""
    return {name: tensor.clone() for name, tensor in trunk().module.state_dict().items()}


def mutant(random: Random) -> bytes:
    """Return a state dict with one change, before or after it is written."""
    change = random.choice((_bytes, _bytes, _bytes, _tensor, _tensor, _keys, _archive, _whole))
    return change(random)


def saved(content: object, *, legacy: bool = False) -> bytes:
    """Return what torch writes."""
    data = io.BytesIO()
    torch.save(content, data, _use_new_zipfile_serialization=not legacy)
    return data.getvalue()


@cache
def written() -> tuple[bytes, ...]:
    """Return the state dict in every format."""
    small = {name: tensor for name, tensor in state().items() if tensor.numel() < 20_000}  # more of it is structure
    return tuple(
        data
        for tensors in (state(), small)
        for data in (saved(tensors), saved(tensors, legacy=True), save_safetensors(tensors))
    )


def _bytes(random: Random) -> bytes:
    data = random.choice(written())
    head = random.choice((len(data), 4096, 20_000))  # most of a file is numbers
    return damaged(data[:head], random) + data[head:]


def _tensor(random: Random) -> bytes:
    name = random.choice(sorted(state()))
    value = random.choice(TENSORS)(state()[name])
    return saved(state() | {name: value}, legacy=random.random() < 0.3)  # type: ignore[dict-item]


def _keys(random: Random) -> bytes:
    name = random.choice(sorted(state()))
    other = random.choice((f"module.{name}", "", 3, None, ("a",), "\ud800", "\x1b[2J", name * 200))
    rest = {key: tensor for key, tensor in state().items() if key != name}
    return saved(rest | {other: state()[name]}, legacy=random.random() < 0.3)  # type: ignore[dict-item]


def _archive(random: Random) -> bytes:
    """Write the archive again: packed, or without, with another or with a damaged member."""
    source, target = zipfile.ZipFile(io.BytesIO(written()[0])), io.BytesIO()
    members = source.namelist()
    chosen = random.choice(members)
    way = random.randrange(4)
    with zipfile.ZipFile(target, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for member in members:
            data = source.read(member)
            if member == chosen and way == 0:
                continue
            archive.writestr(member, damaged(data, random) if member == chosen and way == 1 else data)
        if way == 2:
            archive.writestr("bomb", bytes(20_000_000))
    return target.getvalue()


def _whole(random: Random) -> bytes:
    return random.choice(
        (
            b"", b" ", b"\n\n", b"{", b"[]", b"<html>", b"\x80", b"PK\x03\x04", b"PK\x05\x06" + bytes(18),
            b"version https://git-lfs", b"\xff" * 100, bytes(100), (123).to_bytes(8, "little") + b"{" * 123,
            (2**63).to_bytes(8, "little") + b"{}", (2).to_bytes(8, "little") + b"{}", pickle.dumps({"a": 1}),
            pickle.dumps(Stranger()), pickle.dumps([[]] * 1000), saved([]), saved({}), saved(None), saved({"a": {}}),
            saved({"state_dict": {}}), saved(torch.zeros(3)), saved([torch.zeros(3)]), saved(3),
        )
    )  # fmt: skip


KIND = Kind("weights", 900, attempt)
