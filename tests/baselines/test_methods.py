"""Each method on a small answer that is known."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from neurograde.baselines import pclbp
from neurograde.baselines.cdbn import whitening
from neurograde.baselines.choice import best_on_valid, forests, logistic, machines
from neurograde.baselines.codebook import Codebook
from neurograde.baselines.crbm import Layer
from neurograde.baselines.floating_selection import floating_selection
from neurograde.baselines.fractal import box_dimension, lacunarity
from neurograde.baselines.lab_texture import STARTS, TISSUES, channel_texture, tissues
from neurograde.baselines.method import Described, Patch
from neurograde.baselines.methods import METHODS, make_method
from neurograde.baselines.nuclei import measures, segment
from neurograde.baselines.sift_bovw import descriptors, resampled, undersampled
from neurograde.specs.baseline import Method

RNG = np.random.default_rng(0)
SETTINGS: dict[str, dict[str, Any]] = {
    "lab_texture": {"scales_px": [96, 48], "most_features": 3},
    "cdbn": {"side_px": 48, "groups": [4, 4, 4], "epochs": 20, "words": 8},
    "sift_bovw": {"words": [8]},
    "frozen_features": {"backbone": {"name": "squeezenet1_1", "weights": "none"}},
}


def method(kind: str, **settings: Any) -> Any:
    fields = {"kind": kind} | SETTINGS.get(kind, {}) | settings
    return make_method(TypeAdapter(Method).validate_json(json.dumps(fields)))


def tissue(seed: int, coarse: bool) -> np.ndarray:
    """Purple texture of large dark spots on rough ground, or of small ones on smooth ground, 96 px."""
    rng = np.random.default_rng(seed)
    pixels = np.full((96, 96, 3), (225, 170, 205), float) + rng.normal(0, 12 if coarse else 4, (96, 96, 3))
    rows, cols = np.mgrid[:96, :96]
    for _ in range(6 if coarse else 40):
        y, x = rng.integers(8, 88, 2)
        pixels[(rows - y) ** 2 + (cols - x) ** 2 < (9 if coarse else 3) ** 2] = (80, 45, 130)
    return pixels.clip(0, 255).astype(np.uint8)


def patch(number: int, pixels: np.ndarray) -> Patch:
    def window(side: int) -> np.ndarray:
        spare = (96 - min(side, 96)) // 2
        return pixels[spare : 96 - spare, spare : 96 - spare]

    return Patch(f"{number}.png", pixels, window)


@pytest.fixture(scope="module")
def texture() -> dict[str, tuple[list[Patch], np.ndarray]]:
    """Train, valid and test of two textures that anything should tell apart."""
    found = {}
    for subset, first in (("train", 0), ("valid", 100), ("test", 200)):
        labels = np.arange(12) % 2
        patches = [patch(first + n, tissue(first + n, bool(label))) for n, label in enumerate(labels)]
        found[subset] = (patches, labels)
    return found


@pytest.mark.parametrize("kind", METHODS)
def test_a_method_tells_two_textures_apart_and_does_so_every_time(kind: str, texture):
    def run() -> np.ndarray:
        chosen = method(kind)
        parts = {name: Described(chosen.describe(each), labels) for name, (each, labels) in texture.items()}
        return chosen.fit(parts["train"], parts["valid"], 2, seed=3).probabilities(parts["test"])

    torch.set_num_threads(1)
    found = run()
    assert found.shape == (12, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert (found.argmax(axis=1) == texture["test"][1]).mean() >= (0.6 if kind in ("cdbn", "sift_bovw") else 0.9)
    np.testing.assert_array_equal(run(), found)


@pytest.mark.parametrize("kind", METHODS)
def test_a_patch_is_described_the_same_in_any_company(kind: str, texture):
    patches = texture["train"][0][:3]
    torch.set_num_threads(1)
    together, alone = method(kind).describe(patches), [method(kind).describe([each])[0] for each in patches]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("kind", METHODS)
def test_glass_is_described_without_a_word_and_without_a_nan(kind: str):
    [glass] = method(kind).describe([patch(0, np.full((96, 96, 3), 240, np.uint8))])
    assert np.isfinite(glass).all()


def test_a_pattern_worked_out_by_hand():
    # one bright pixel in the middle of nine: all neighbours are darker, so no sign is 1
    grey = np.zeros((3, 3))
    grey[1, 1] = 1.0
    histogram = pclbp.histogram(grey, 1)
    assert histogram.shape == (200,)
    [code] = np.flatnonzero(histogram)
    sign, magnitude, centre = code // 20, code // 2 % 10, code % 2
    # the four straight neighbours differ by 1; the four on the diagonal are interpolated nearer to the middle
    straight, diagonal = 1.0, 1 - (1 - np.sqrt(0.5)) ** 2
    mean = (straight + diagonal) / 2
    ones = np.array([each >= mean for each in [straight, diagonal] * 4])
    assert (sign, centre) == (0, 1)
    assert magnitude == int(pclbp.rotation_invariant(ones[:, None])[0])


@given(st.lists(st.booleans(), min_size=8, max_size=8), st.integers(0, 7))
def test_a_pattern_turned_is_the_same_pattern(bits: list[bool], turn: int):
    pattern = np.array(bits)[:, None]
    assert pclbp.rotation_invariant(pattern) == pclbp.rotation_invariant(np.roll(pattern, turn, axis=0))


def test_the_dimension_of_a_sierpinski_carpet_is_found():
    carpet = np.ones((1, 1), bool)
    for _ in range(5):
        row = np.concatenate([carpet, carpet, carpet], axis=1)
        hole = np.concatenate([carpet, np.zeros_like(carpet), carpet], axis=1)
        carpet = np.concatenate([row, hole, row])
    assert box_dimension(carpet) == pytest.approx(np.log(8) / np.log(3), abs=0.1)
    assert box_dimension(np.zeros((32, 32), bool)) == 0.0
    assert lacunarity(np.zeros((32, 32), bool), 4) == 0.0
    clumped, spread = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    clumped[:16, :16], spread[::4, ::4] = True, True
    assert lacunarity(clumped, 8) > 5 * lacunarity(spread, 8)


def test_colours_that_are_apart_are_named_for_what_they_are():
    expected = np.repeat(np.arange(len(TISSUES)), 40)
    lab = STARTS[expected] + np.random.default_rng(1).normal(0, 2, (200, 3))
    assert (tissues(lab.reshape(10, 20, 3)).ravel() == expected).all()


def test_texture_counts_only_what_is_inside():
    values, mask = np.full((8, 8), -50.0), np.zeros((8, 8), bool)
    values[:2, :2], mask[:2, :2] = [[10, 30], [10, 30]], True
    entropy, mean, variance, homogeneity = channel_texture(values, mask)
    assert (entropy, mean, variance) == (1.0, 20.0, 100.0)
    levels = [int((each + 128) / 256 * 32) for each in (10, 30)]
    assert homogeneity == pytest.approx((2 * 1 / (1 + levels[1] - levels[0]) + 2 * 1) / 4)
    assert channel_texture(values, np.zeros((8, 8), bool)) == [0.0] * 4


def test_floating_selection_drops_what_two_others_make_superfluous_and_plain_selection_does_not():
    # 0 is the best alone; 1 and 2 together say everything, with 0 they say less
    def score(subset: tuple[int, ...]) -> float:
        return 10.0 if subset == (1, 2) else 5.0 if 0 in subset else 1.0 + 0.1 * len(subset)

    assert floating_selection(4, score, most=3) == (1, 2)
    plain: tuple[int, ...] = ()
    for _ in range(2):
        plain = max((tuple(sorted((*plain, each))) for each in range(4) if each not in plain), key=score)
    assert score(plain) < 10.0


@given(st.integers(0, 10**6))
def test_floating_selection_is_never_worse_than_the_best_single_feature(seed: int):
    rng = np.random.default_rng(seed)
    scores = {s: float(rng.random()) for n in (1, 2, 3) for s in itertools.combinations(range(5), n)}
    found = floating_selection(5, scores.__getitem__, most=3)
    assert scores[found] >= max(scores[(each,)] for each in range(5))


def brute_force(layer: Layer, visible: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities of hidden and pooled units of one block, from the sum over all its states."""
    energy = torch.nn.functional.conv2d(visible, layer.filters, layer.hidden_bias)[0, 0].flatten()
    states = [torch.zeros(4), *torch.eye(4)]  # at most one unit is on
    weights = torch.stack([torch.exp((state * energy).sum()) for state in states])
    shares = weights / weights.sum()
    return shares[1:], 1 - shares[0]


def test_a_block_s_probabilities_are_those_of_the_sum_over_its_states():
    generator = torch.Generator().manual_seed(0)
    layer = Layer(1, 1, 2, pool=2, gaussian=True, generator=generator)
    layer.filters = torch.randn(layer.filters.shape, generator=generator)
    visible = torch.randn(1, 1, 3, 3, generator=generator)
    on, pooled = layer.hidden(visible)
    expected, any_on = brute_force(layer, visible)
    torch.testing.assert_close(on.flatten(), expected)
    torch.testing.assert_close(pooled.flatten()[0], any_on)


def test_units_are_drawn_as_often_as_they_are_probable_and_one_of_a_block_at_most():
    layer = Layer(1, 1, 1, pool=2, gaussian=True, generator=torch.Generator().manual_seed(0))
    on = torch.tensor([[0.1, 0.2], [0.3, 0.15]]).expand(4000, 1, 2, 2)
    drawn = layer.sample(on)
    assert drawn.sum(dim=(2, 3)).max() <= 1
    torch.testing.assert_close(drawn.mean(dim=0)[0], on[0, 0], atol=0.03, rtol=0)


def test_the_statistics_are_the_gradient_of_the_mean_product():
    layer = Layer(2, 3, 3, pool=2, gaussian=True, generator=torch.Generator().manual_seed(0))
    visible, hidden = torch.randn(4, 2, 8, 8), torch.rand(4, 3, 6, 6)
    filters = layer.filters.clone().requires_grad_()
    product = (torch.nn.functional.conv2d(visible, filters) * hidden).sum() / (4 * 6 * 6)
    product.backward()
    torch.testing.assert_close(layer.statistics(visible, hidden)[0], filters.grad)


def test_contrastive_divergence_learns_to_see_what_it_is_shown():
    generator = torch.Generator().manual_seed(0)
    stripes = torch.sin(torch.arange(16) * 1.6).expand(64, 1, 16, 16) * (
        2 * (torch.rand(64, 1, 1, 1, generator=generator) > 0.5) - 1
    )
    layer = Layer(1, 4, 5, pool=2, gaussian=True, generator=generator)
    errors = layer.learn(stripes.contiguous(), 60)
    assert errors[-1] < 0.8 * errors[0]


def test_whitened_images_have_the_same_power_at_every_frequency():
    rng = np.random.default_rng(0)
    smooth = rng.normal(size=(400, 16, 16)).cumsum(axis=1).cumsum(axis=2).astype(np.float32)
    before = np.abs(np.fft.fft2(smooth - smooth.mean(axis=(1, 2), keepdims=True))) ** 2
    white = whitening(smooth)
    white.divisor = np.where(white.divisor > 0, np.sqrt(before.mean(axis=0)), 1)  # without the small addition
    white.divisor[0, 0] = 1
    power = (np.abs(np.fft.fft2(white(smooth))) ** 2).mean(axis=0).ravel()[1:]
    np.testing.assert_allclose(power / power.mean(), 1, rtol=1e-3)
    assert before.mean(axis=0).ravel()[1:].max() > 100 * before.mean(axis=0).ravel()[1:].min()


def test_separable_clusters_become_the_words_of_a_codebook():
    rng = np.random.default_rng(0)
    middles = np.array([[0, 0], [10, 0], [0, 10]], np.float32)
    bags = [(middles[[k]] + rng.normal(0, 0.1, (30, 2))).astype(np.float32) for k in range(3)]
    book = Codebook(bags, 3, seed=1)
    histograms = book.histograms([*bags, np.empty((0, 2), np.float32), np.concatenate(bags)])
    assert sorted(histograms[:3].argmax(axis=1).tolist()) == [0, 1, 2]
    np.testing.assert_allclose(histograms[:3].max(axis=1), 1)
    np.testing.assert_allclose(histograms[3], 0)
    np.testing.assert_allclose(histograms[4], 1 / 3)
    with pytest.raises(ValueError, match="no bag holds a vector"):
        Codebook([np.empty((0, 2), np.float32)], 3, seed=1)


def test_descriptors_have_length_one_and_a_flat_image_has_none():
    found = descriptors(tissue(1, coarse=True).mean(axis=2) / 255)
    assert found.shape[1] == 128
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-4)
    assert descriptors(np.full((64, 64), 0.5)).shape == (0, 128)


def test_resampling_evens_the_classes_out():
    labels = np.array([0] * 12 + [1] * 4)
    bags = [RNG.normal(size=(5, 128)).astype(np.float32) for _ in labels]
    kept = undersampled(bags, labels, seed=0)
    assert sum(map(len, kept[:12])) == sum(map(len, kept[12:])) == 20
    assert all(np.isin(one, other).all() for one, other in zip(kept, bags, strict=True))
    histograms = RNG.random((16, 6)).astype(np.float32)
    assert np.bincount(resampled(histograms, labels, "smote", 0).labels).tolist() == [12, 12]
    assert np.bincount(resampled(histograms, labels, "near_miss", 0).labels).tolist() == [4, 4]
    assert np.bincount(resampled(histograms, labels, "none", 0).labels).tolist() == [12, 4]


def test_round_dark_spots_are_counted_and_measured():
    pixels = np.full((120, 120, 3), 235, np.uint8)
    rows, cols = np.mgrid[:120, :120]
    for y, x in ((25, 25), (25, 85), (85, 25), (85, 80), (85, 94)):  # the last two touch
        pixels[(rows - y) ** 2 + (cols - x) ** 2 <= 64] = (70, 40, 130)
    objects = segment(pixels, min_area_px=30)
    count, share, mean_area, *_ = measures(objects)
    assert count == 5
    assert mean_area == pytest.approx(np.pi * 64, rel=0.15)
    assert share == pytest.approx(5 * np.pi * 64 / 120**2, rel=0.15)
    eccentricity = measures(segment(pixels, 30))[2 + 3 * 5]
    assert eccentricity < 0.5


def test_settings_are_chosen_on_valid_alone():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    informative = (labels[:, None] + rng.normal(0, 0.3, (60, 3))).astype(np.float32)
    train = Described([row[None] for row in informative], labels)
    wrong = Described([row[None] for row in informative], 1 - labels)
    right = best_on_valid([*logistic(), *forests(0, (10,)), *machines(("linear",))], train, train, 2)
    contrary = best_on_valid(logistic(), train, wrong, 2)
    assert (right.probabilities(train).argmax(axis=1) == labels).mean() > 0.9
    assert contrary.chosen["chosen"] == "logistic, C = 0.001"  # the least sure of what valid says is wrong


def test_a_class_that_train_lacks_has_no_probability():
    labels = np.array([0, 2] * 10)
    rows = [np.array([[label, 1.0]], np.float32) for label in labels]
    found = best_on_valid(logistic(), Described(rows, labels), Described(rows, labels), 3)
    assert (found.probabilities(Described(rows, labels))[:, 1] == 0).all()
