"""A network as ONNX: the same bytes whenever and wherever it is exported by the same versions.

The exporter remembers in every node which line of which file it came from. That is of no use to whoever runs the
graph, names folders of this machine and differs between two runs; without it, equal networks are equal files.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.export import Dim

from neurograde.learning.export.portable import INPUT, OUTPUTS, Portable

OPSET = 20
"""Version of the operators: what torch 2.11 to 2.15 write and onnxruntime reads from 1.17 (2024) on."""


def as_onnx(network: Portable, patch_size_px: int) -> bytes:
    """Return the network as an ONNX file, for batches of any size.

    Args:
        network: The network; its weights go into the file.
        patch_size_px: Side of its patches.
    """
    example = torch.zeros(2, patch_size_px, patch_size_px, 3, dtype=torch.uint8)
    program = torch.onnx.export(
        network,
        (example,),
        dynamo=True,
        opset_version=OPSET,
        input_names=[INPUT],
        output_names=list(OUTPUTS),
        dynamic_shapes=({0: Dim("batch")},),
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    _forget(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _forget(model: Any) -> None:
    """Take out of a ModelProto what is remembered of where its nodes came from."""
    graph = model.graph
    for message in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        message.ClearField("metadata_props")
        message.ClearField("doc_string")
