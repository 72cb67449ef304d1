"""From samples to inputs: the same crops for whoever asks, transforms first."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from neurograde.errors import DataError, SpecError
from neurograde.learning.data.inputs import Inputs, crop_offset, slice_of_epoch, slices_of
from neurograde.learning.data.samples import Planned, Statistics, gather, labels, read_samples
from neurograde.maths.dihedral import TRANSFORMS, apply
from neurograde.runtime.cache import Cache
from neurograde.storage.artefact import Artefact, read_manifest
from neurograde.storage.store import Store
from tests.support.artefacts import png, publish
from tests.support.material import CPU, STATISTICS, samples, train_spec, write_dataset

RAW = Statistics((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
QUICK = settings(max_examples=30, deadline=None, derandomize=True)


def numbers(*values: int) -> np.ndarray:
    return np.array(values, np.intp)


def artefact(store: Store, folder: str) -> Artefact:
    return Artefact(store, folder, read_manifest(store, folder))


def test_a_sample_is_transformed_cropped_and_standardised_in_this_order():
    data = samples(transforms=("identity", *TRANSFORMS))
    inputs = Inputs(size_px=40, resize=False, seed=0)
    batch = inputs.batch(data, numbers(*range(len(data))), STATISTICS, CPU, crop_slice=2)
    for image, planned, place in zip(batch, data.plan, data.places, strict=True):
        top, left = crop_offset(0, planned.patch, planned.transform, 2, 8)
        crop = apply(data.patches[place], planned.transform)[top : top + 40, left : left + 40]
        expected = (crop.astype(np.float32) / 255 - 0.5) / 0.25
        np.testing.assert_allclose(image.permute(1, 2, 0).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("resize", [False, True])
@pytest.mark.parametrize("crop_slice", [None, 4])
def test_inputs_are_bit_for_bit_those_of_the_readable_steps(dtype: torch.dtype, resize: bool, crop_slice: int | None):
    data = samples(transforms=("identity", *TRANSFORMS))
    inputs = Inputs(57 if resize else 41, resize, 7, dtype)
    rows = numbers(5, 90, 17, 33, 2, 64, 91)
    expected = np.stack(
        [
            standardised(pixels if resize else cropped(inputs, pixels, data.plan[number], crop_slice), inputs)
            for number, pixels in zip(rows, data.pixels(rows), strict=True)
        ]
    )
    assert np.array_equal(inputs.batch(data, rows, STATISTICS, CPU, crop_slice).numpy(), expected)


def cropped(inputs: Inputs, pixels: np.ndarray, sample: Planned, crop_slice: int | None) -> np.ndarray:
    spare = len(pixels) - inputs.size_px
    top = left = spare // 2
    if crop_slice is not None:
        top, left = crop_offset(inputs.seed, sample.patch, sample.transform, crop_slice, spare)
    return pixels[top : top + inputs.size_px, left : left + inputs.size_px]


def standardised(pixels: np.ndarray, inputs: Inputs) -> np.ndarray:
    image = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].to(inputs.dtype) / 255
    if inputs.resize:
        image = interpolate(image, (inputs.size_px, inputs.size_px), mode="bilinear", antialias=True)
    mean, std = (torch.tensor(values, dtype=inputs.dtype).view(3, 1, 1) for values in STATISTICS)
    return ((image - mean) / std)[0].numpy()


def test_without_a_slice_the_crop_is_central():
    data = samples()
    batch = Inputs(46, resize=False, seed=0).batch(data, numbers(3), RAW, CPU)
    np.testing.assert_allclose(batch[0].permute(1, 2, 0).numpy() * 255, data.patches[3][1:47, 1:47], atol=1e-4)


def test_inception_sees_the_whole_patch_resized():
    data = samples()
    inputs = Inputs.of(train_spec("inception_v3", input_size_px=None), "inception_v3", data.patch_size_px)
    batch = inputs.batch(data, numbers(0), RAW, CPU, crop_slice=1)
    assert batch.shape == (1, 3, 299, 299)
    assert batch.mean().item() == pytest.approx(data.patches[0].mean() / 255, abs=2e-3)


def test_inputs_are_channels_last_in_memory():
    batch = Inputs(46, resize=False, seed=0).batch(samples(), numbers(0, 1), RAW, CPU)
    assert batch.is_contiguous(memory_format=torch.channels_last)


def test_patches_smaller_than_the_input_are_refused():
    with pytest.raises(SpecError, match="resnet18 takes inputs of 224 px, the patches have 48"):
        Inputs.of(train_spec("resnet18", input_size_px=None), "resnet18", 48)


@QUICK
@given(st.integers(0, 99), st.text(max_size=9), st.integers(0, 50), st.integers(0, 60))
def test_a_crop_stays_inside_its_patch_and_depends_on_nothing_but_its_name(seed, patch, crop_slice, spare):
    offset = crop_offset(seed, patch, "flip", crop_slice, spare)
    assert all(0 <= each <= spare for each in offset)
    assert offset == crop_offset(seed, patch, "flip", crop_slice, spare)


def test_crops_reach_every_offset():
    found = {crop_offset(0, f"patch {n}", "identity", 0, 3) for n in range(300)}
    assert found == {(top, left) for top in range(4) for left in range(4)}


def test_a_session_reads_every_slice_once_in_an_order_of_its_own():
    orders = [[slice_of_epoch(0, session, epoch, 20) for epoch in range(1, 21)] for session in "ab"]
    assert [sorted(order) for order in orders] == [list(range(20))] * 2
    assert orders[0] != orders[1]


def test_a_bank_of_fewer_slices_than_epochs_is_read_over_and_over_in_the_session_s_order():
    order = [slice_of_epoch(0, "a", epoch, 3) for epoch in range(1, 8)]
    assert sorted(order[:3]) == [0, 1, 2]
    assert order == (order[:3] * 3)[:7]


def test_there_are_as_many_slices_as_epochs_unless_the_spec_says_how_many():
    assert slices_of(train_spec(epochs=5)) == 5
    assert slices_of(train_spec(epochs=5, crop_slices=2)) == 2


def test_the_positive_class_of_two_has_label_1_and_more_are_numbered_in_the_order_of_the_spec():
    assert labels(train_spec(classes=["PD", "D"], positive="PD")) == {"PD": 1, "D": 0}
    assert labels(train_spec(classes=["U", "PD", "D"], positive="U")) == {"U": 0, "PD": 1, "D": 2}


def test_samples_come_in_the_order_of_the_plan_with_the_pixels_of_their_patches(memory_url: str):
    store = Store(memory_url)
    write_dataset(store)
    read = read_samples(train_spec(), artefact(store, "datasets/set"), artefact(store, "patches/set"))
    assert {name: len(each) for name, each in read.items()} == {"train": 24, "valid": 12}
    assert read["train"].labels.tolist() == [0] * 12 + [1] * 12
    assert [each.transform for each in read["train"].plan[:2]] == ["identity", "flip"]
    one, flipped = read["train"].pixels([4, 5])
    assert np.array_equal(one[:, ::-1], flipped)
    assert read["train"].patches is read["valid"].patches


@pytest.mark.parametrize("classes", [("PD", "D", "U"), ("PD", "X")])
def test_other_classes_than_the_data_set_has_are_refused_with_both_lists(memory_url: str, classes: tuple[str, ...]):
    store = Store(memory_url)
    write_dataset(store)
    spec = train_spec(classes=list(classes), positive="PD")
    with pytest.raises(SpecError) as caught:
        read_samples(spec, artefact(store, "datasets/set"), artefact(store, "patches/set"))
    assert str(sorted(classes)) in str(caught.value)
    assert "['D', 'PD']" in str(caught.value)


def test_patches_of_several_sizes_are_refused_by_name(memory_url: str):
    store = Store(memory_url)
    publish(store, "patches", "set", {f"{side}.png": png(np.zeros((side, side, 3), np.uint8)) for side in (8, 9)})
    with pytest.raises(DataError, match=r"9\.png is 9 x 9 px, 8\.png 8 px wide"):
        gather(
            {"train": [Planned(f"{side}.png", "identity", 0) for side in (8, 9)]},
            artefact(store, "patches/set"),
            Cache(1),
        )
