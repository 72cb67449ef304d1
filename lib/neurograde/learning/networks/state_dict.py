"""The tensors of a weights file that a stranger wrote: read by its content, without unpickling anything but tensors.

Whatever is in the file, what comes of it is a dict of named tensors or a DataError that names the file. Torch's own
messages are not repeated: they advise to read the file unsafely.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile

import torch
from safetensors.torch import load as load_safetensors
from torch import Tensor

from neurograde.errors import DataError

LONGEST_PACKED = 4
"""Largest size of an archive's content, as a multiple of the file's: weights can hardly be packed."""
NO_WEIGHTS = (
    (rb"version https://git-lfs", "a Git LFS pointer: fetch the file that it points to (git lfs pull)"),
    (rb"(?i)\s*<(!doctype|html|\?xml|head|body)", "an HTML page: give the address of the file itself"),
    (rb"\s*[\[{]", "JSON text"),
    (rb"\s*\Z", "empty"),
)
"""Beginnings of files that come in the place of weights, with what they are."""


def read_state_dict(data: bytes, where: str) -> dict[str, Tensor]:
    """Return the tensors of a file of `torch.save` or safetensors, on the CPU.

    Raises:
        DataError: The file holds anything else, or is damaged; `where` is its name.
    """
    is_safetensors = data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= len(data)
    for beginning, what in () if is_safetensors else NO_WEIGHTS:
        if re.match(beginning, data[:1024]):
            raise DataError(f"{where} is no state dict: it is {what}")
    _check_size(data, where)
    try:
        state = load_safetensors(data) if is_safetensors else _load(data)
    except Exception as error:  # a damaged file raises anything
        raise DataError(f"{where} is no state dict that can be read safely: {_reason(error)}") from None
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    ):
        raise DataError(f"{where} is no state dict: it holds more than names and tensors")
    return dict(state)


def unusable(tensor: Tensor, expected: Tensor) -> str | None:
    """Return why the tensor, whose shape fits, cannot take the place of the expected one; None if it can."""
    if tensor.is_quantized:
        return "is quantised; accepted are floating-point numbers"
    if tensor.layout != torch.strided:
        return f"is {'sparse' if 'sparse' in str(tensor.layout) else tensor.layout}; accepted are dense tensors"
    if tensor.is_meta:
        return "has a shape but no values (it is on the meta device)"
    if expected.is_floating_point() != tensor.is_floating_point() or tensor.is_complex():
        accepted = "floating-point numbers" if expected.is_floating_point() else "integers"
        return f"is of {tensor.dtype}; accepted are {accepted}"
    if not bool(torch.isfinite(tensor.to(expected.dtype)).all()):
        return f"holds NaN or numbers that are infinite as {expected.dtype}"
    return None


def _load(data: bytes) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pickles that torch did not write: they are refused or they fit
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)


def _check_size(data: bytes, where: str) -> None:
    """Raise DataError if an archive is damaged, or takes far more memory than the file."""
    if not data.startswith(b"PK\x03\x04"):
        return
    try:
        size = sum(member.file_size for member in zipfile.ZipFile(io.BytesIO(data)).infolist())
    except Exception:  # a damaged directory raises anything
        raise DataError(f"{where} is no state dict that can be read safely: its archive is damaged") from None
    if size > LONGEST_PACKED * len(data):
        raise DataError(
            f"{where} has {len(data):,} bytes and would unpack to {size:,}; accepted are {LONGEST_PACKED} times as many"
        )


def _reason(error: Exception) -> str:
    """Return a reason in our words, or the library's if it is short and advises nothing."""
    text = str(error)
    if match := re.search(r"Unsupported (?:global|class|type)[^:]*: (?:GLOBAL )?([\w.]+)", text):
        return f"it holds {match[1]}, and only tensors are accepted"
    first = (text.splitlines() or [""])[0]
    if not first or "weights_only" in text or "torch.load" in text or len(first) > 200:
        return "it is damaged, or of a format that torch does not write"
    return first
