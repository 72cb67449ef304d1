"""Networks as ONNX, and the check that they are still the same."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch

from neurograde.errors import DataError
from neurograde.learning.data.inputs import Inputs
from neurograde.learning.export.check import extremes, greatest_differences
from neurograde.learning.export.graph import OPSET, as_onnx
from neurograde.learning.export.portable import Portable
from neurograde.learning.networks.backbones import random_trunk
from neurograde.learning.networks.heads import new_head
from neurograde.learning.networks.session_network import Network
from tests.support.material import STATISTICS, sessions_of, train_spec

SIDE_PX = 50


def portable(backbone: str, strategy: dict, classes: list[str]) -> Portable:
    spec = train_spec(backbone, strategy, classes=classes, positive="D")
    session = sessions_of(spec)[0]
    trunk = random_trunk(backbone, 46, 0)
    head = new_head(trunk, session.adaptation, len(classes) if len(classes) > 2 else 1, 0, session.id)
    inputs = Inputs.of(spec, backbone, SIDE_PX)
    return Portable(Network(trunk.module, head), inputs, SIDE_PX, STATISTICS, range(len(classes)), 0.8)


def said(network: Portable, patches: np.ndarray) -> dict[str, np.ndarray]:
    with torch.no_grad():
        probabilities, calibrated = network(torch.from_numpy(patches))
    return {"probabilities": probabilities.numpy(), "calibrated": calibrated.numpy()}


@pytest.fixture(scope="module")
def squeezenet() -> tuple[Portable, bytes]:
    network = portable("squeezenet1_1", {"kind": "extension", "non_linearities": 1}, ["PD", "D", "U"])
    return network, as_onnx(network, SIDE_PX)


def test_the_graph_is_valid_takes_any_batch_and_remembers_nothing_of_its_making(squeezenet):
    model = onnx.load_from_string(squeezenet[1])
    onnx.checker.check_model(model, full_check=True)
    assert [each.version for each in model.opset_import if each.domain == ""] == [OPSET]
    (given,) = model.graph.input
    shape = [each.dim_param or each.dim_value for each in given.type.tensor_type.shape.dim]
    assert (given.name, shape) == ("patches", ["batch", SIDE_PX, SIDE_PX, 3])
    assert [each.name for each in model.graph.output] == ["probabilities", "calibrated"]
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)
    assert b".py" not in squeezenet[1]


def test_onnxruntime_says_what_torch_says_in_batches_of_any_size(squeezenet):
    network, data = squeezenet
    rng = np.random.default_rng(1)
    patches = np.concatenate([rng.integers(0, 256, (33, SIDE_PX, SIDE_PX, 3), np.uint8), extremes(SIDE_PX)])
    found = greatest_differences(data, patches, said(network, patches), 1e-5)
    assert list(found) == ["probabilities", "calibrated"]


@pytest.mark.parametrize("name", ["probabilities", "calibrated"])
def test_an_output_that_is_off_is_refused_by_name(squeezenet, name: str):
    network, data = squeezenet
    expected = said(network, extremes(SIDE_PX))
    expected[name] = expected[name] + np.array([[0.0, 0.0, 0.0], [0.0, 2e-3, 0.0], [0.0, 0.0, 0.0]])
    with pytest.raises(
        DataError, match=rf"tolerance: of 3 patches, {name} .* differ by up to 0.002; accepted is 0.001"
    ):
        greatest_differences(data, extremes(SIDE_PX), expected, 1e-3)
    expected[name][0, 0] = np.nan
    with pytest.raises(DataError, match="up to nan"):
        greatest_differences(data, extremes(SIDE_PX), expected, 1e-3)


def test_a_network_exported_twice_is_the_same_bytes(squeezenet):
    network = portable("leaknet", {"kind": "whole"}, ["PD", "D"])
    assert as_onnx(network, SIDE_PX) == as_onnx(network, SIDE_PX)
