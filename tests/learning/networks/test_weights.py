"""Initial weights: only what fits, only what is safe, only what was there when the grid was made."""

from __future__ import annotations

import io
import pathlib
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision import models

from neurograde.errors import DataError, DigestMismatch, SpecError
from neurograde.learning.networks.backbones import random_trunk
from neurograde.learning.networks.families.family import Weights
from neurograde.learning.networks.weights import check_source, load_weights, prepare_trunk, read_weights
from neurograde.specs.records import RawInput
from neurograde.specs.train import Backbone
from tests.support.material import train_spec


def saved(path: Path, state: object) -> Backbone:
    torch.save(state, path)
    return Backbone(name="squeezenet1_1", weights=str(path))


@pytest.fixture
def squeezenet() -> dict[str, torch.Tensor]:
    return random_trunk_state("squeezenet1_1", seed=9)


def random_trunk_state(name: str, seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return models.get_model(name, weights=None).state_dict()


def prepared(backbone: Backbone, raw: tuple[RawInput, ...] = ()):
    return prepare_trunk(train_spec(backbone.name, backbones=[backbone.model_dump()]), backbone, raw)


def test_a_state_dict_of_the_whole_network_fills_the_trunk(tmp_path: Path, squeezenet):
    trunk, weights = prepared(saved(tmp_path / "w.pth", squeezenet))
    assert all(torch.equal(each, squeezenet[name]) for name, each in trunk.module.state_dict().items())
    assert len(weights.sha256) == 64


def test_torchvisions_own_weights_are_read_from_its_cache_by_the_name_of_its_enum(
    tmp_path: Path, squeezenet, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    entry = models.SqueezeNet1_1_Weights.IMAGENET1K_V1
    cached = tmp_path / "hub" / "checkpoints" / entry.url.rpartition("/")[2]
    cached.parent.mkdir(parents=True)
    torch.save(squeezenet, cached)
    trunk, weights = prepared(Backbone(name="squeezenet1_1", weights="IMAGENET1K_V1"))
    assert weights.source == entry.url
    assert torch.equal(trunk.module.state_dict()["features.0.weight"], squeezenet["features.0.weight"])


def test_no_weights_are_random_weights():
    trunk, weights = prepared(Backbone(name="squeezenet1_1", weights="none"))
    random = random_trunk("squeezenet1_1", 46, 3).module.state_dict()
    assert weights is None
    assert all(torch.equal(each, random[name]) for name, each in trunk.module.state_dict().items())


def test_a_last_layer_for_other_classes_does_not_matter(tmp_path: Path, squeezenet):
    squeezenet["classifier.1.weight"] = torch.zeros(7, 512, 1, 1)
    assert prepared(saved(tmp_path / "w.pth", squeezenet))[1] is not None


def test_weights_of_another_architecture_are_refused_by_file_and_tensor(tmp_path: Path):
    backbone = saved(tmp_path / "w.pth", random_trunk_state("squeezenet1_0", seed=0))
    with pytest.raises(DataError, match=r"w\.pth is no state dict of squeezenet1_1: features\.0\.weight is \(96,"):
        prepared(backbone)


def test_a_missing_and_a_strange_tensor_are_named(tmp_path: Path, squeezenet):
    with pytest.raises(DataError, match=r"which has no extra"):
        prepared(saved(tmp_path / "w.pth", squeezenet | {"extra": torch.ones(1)}))
    del squeezenet["features.3.squeeze.bias"]
    with pytest.raises(DataError, match=r"it has no features\.3\.squeeze\.bias"):
        prepared(saved(tmp_path / "w.pth", squeezenet))


class Malicious:
    def __reduce__(self):
        return (exec, ("raise SystemExit('unpickled')",))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5000000\n", "Git LFS pointer"),
        (b"\n<!DOCTYPE html><html><title>Sign in</title>", "HTML page"),
        (b'{"message": "Not Found"}', "JSON text"),
        (b"", "empty"),
    ],
)
def test_what_stands_in_for_weights_is_called_what_it_is(tmp_path: Path, content: bytes, what: str):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(DataError, match=rf"w\.pth is no state dict: it is (an? )?{what}"):
        prepared(Backbone(name="squeezenet1_1", weights=str(tmp_path / "w.pth")))


def test_safetensors_are_known_by_their_content(tmp_path: Path, squeezenet):
    path = tmp_path / "model"
    save_file({name: tensor.contiguous() for name, tensor in squeezenet.items()}, path)
    trunk, _ = prepared(Backbone(name="squeezenet1_1", weights=str(path)))
    assert torch.equal(trunk.module.state_dict()["features.0.weight"], squeezenet["features.0.weight"])


NAME = "features.0.weight"
UNUSABLE = {
    "not a number": (lambda tensor: tensor * float("nan"), "holds NaN"),
    "infinite": (lambda tensor: tensor / 0, "infinite"),
    "too large for float32": (lambda tensor: tensor.double() * 1e300, "infinite as torch.float32"),
    "sparse": (lambda tensor: tensor.to_sparse(), "is sparse"),
    "quantised": (lambda tensor: torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8), "is quantised"),
    "meta": (lambda tensor: tensor.to("meta"), "no values"),
    "integer": (lambda tensor: tensor.to(torch.int32), "is of torch.int32; accepted are floating-point"),
    "boolean": (lambda tensor: tensor > 0, "is of torch.bool"),
    "complex": (lambda tensor: tensor.to(torch.complex64), "is of torch.complex64"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
@pytest.mark.filterwarnings("ignore")  # torch on its own quantised tensors
def test_a_tensor_that_cannot_be_a_weight_is_named_with_its_file(tmp_path: Path, squeezenet, kind: str):
    change, reason = UNUSABLE[kind]
    with pytest.raises(DataError, match=rf"w\.pth: {NAME} .*{reason}"):
        prepared(saved(tmp_path / "w.pth", squeezenet | {NAME: change(squeezenet[NAME])}))


def test_half_precision_weights_are_read(tmp_path: Path, squeezenet):
    halves = {name: tensor.half() for name, tensor in squeezenet.items()}
    trunk, _ = prepared(saved(tmp_path / "w.pth", halves))
    assert trunk.module.state_dict()[NAME].dtype == torch.float32


def test_an_archive_that_unpacks_to_far_more_than_its_length_is_refused_unread(tmp_path: Path):
    stored, packed = tmp_path / "stored.pth", tmp_path / "w.pth"
    torch.save({NAME: torch.zeros(4_000_000)}, stored)
    with zipfile.ZipFile(stored) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            target.writestr(member.filename, source.read(member))
    with pytest.raises(DataError, match=r"w\.pth has [\d,]+ bytes and would unpack to 16,"):
        prepared(Backbone(name="squeezenet1_1", weights=str(packed)))


class Harmless:
    """Something that a checkpoint may hold and a state dict may not."""


@pytest.mark.parametrize("content", [{"state": Harmless()}, {"config": pathlib.PurePosixPath("x")}, b"no weights", [1]])
def test_the_advice_to_read_a_file_unsafely_is_not_repeated(tmp_path: Path, content: object):
    path = tmp_path / "w.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(DataError) as raised:
        prepared(Backbone(name="squeezenet1_1", weights=str(path)))
    assert "weights_only" not in str(raised.value)
    assert "torch.load" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"no weights", pickle.dumps(Malicious()), pickle.dumps({"a": 1})])
def test_what_is_no_state_dict_is_refused_without_being_run(tmp_path: Path, content: bytes):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(DataError, match=r"w\.pth is no state dict"):
        prepared(Backbone(name="squeezenet1_1", weights=str(tmp_path / "w.pth")))


def test_a_state_dict_that_holds_more_than_tensors_is_refused(tmp_path: Path, squeezenet):
    with pytest.raises(DataError, match="more than names and tensors"):
        prepared(saved(tmp_path / "w.pth", {"epoch": 3, "model": squeezenet}))


def test_a_file_that_is_not_there_and_a_name_that_torchvision_lacks_are_refused(tmp_path: Path):
    with pytest.raises(SpecError, match="no such file"):
        read_weights(Backbone(name="resnet18", weights=str(tmp_path / "w.pth")))
    with pytest.raises(SpecError, match=r"'IMAGENET1K_V7' of resnet18 are unknown; .* IMAGENET1K_V1"):
        check_source(Backbone(name="resnet18", weights="IMAGENET1K_V7"))


def test_a_name_in_small_letters_lists_the_names_that_are_accepted():
    with pytest.raises(SpecError, match="no such file; accepted are none, the URL of a state dict, IMAGENET1K_V1"):
        read_weights(Backbone(name="mobilenet_v2", weights="imagenet1k_v1"))


def test_weights_that_changed_since_the_grid_was_made_are_refused(tmp_path: Path, squeezenet):
    backbone = saved(tmp_path / "w.pth", squeezenet)
    before = RawInput(path=backbone.weights, size=1, stamp="", sha256="0" * 64)
    with pytest.raises(DigestMismatch, match=f"the grid was made with {'0' * 64}"):
        prepared(backbone, (before,))


def test_torchvisions_old_names_of_densenet_are_understood():
    state = random_trunk_state("densenet121", seed=1)
    old = {name.replace("norm1", "norm.1").replace("conv2", "conv.2"): each for name, each in state.items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    data = io.BytesIO()
    torch.save(old, data)
    trunk = random_trunk("densenet121", 64, 0)
    load_weights(trunk, Weights("old.pth", data.getvalue(), None))
    assert all(torch.equal(each, state[name]) for name, each in trunk.module.state_dict().items())


@pytest.mark.parametrize(
    ("backbone", "file"),
    [("mobilenet_v2", "mobilenet_v2_torchvision_fp32.pth"), ("squeezenet1_1", "squeezenet1_1_torchvision_fp32.pth")],
)
def test_real_weights_fit_and_are_not_taken_for_another_networks(shared: Path, backbone: str, file: str):
    path = str(shared / "weights" / file)
    trunk, _ = prepared(Backbone(name=backbone, weights=path))
    assert all(torch.isfinite(each).all() for each in trunk.module.state_dict().values())
    with pytest.raises(DataError, match=f"{file} is no state dict of resnet18"):
        prepared(Backbone(name="resnet18", weights=path))
