"""Mean and standard deviation of each channel."""

from __future__ import annotations

import numpy as np
import pytest

from neurograde.maths.standardise import ChannelCounts

RNG = np.random.default_rng(5)
PATCHES = [RNG.integers(0, 256, (7, 9, 3), np.uint8) for _ in range(4)]
COPIES = [1, 8, 3, 4]


def counted(order: list[int]) -> ChannelCounts:
    counts = ChannelCounts()
    for place in order:
        counts.add(PATCHES[place], COPIES[place])
    return counts


def test_it_equals_numpy_over_all_samples():
    pixels = np.concatenate([patch.reshape(-1, 3) for patch, n in zip(PATCHES, COPIES, strict=True) for _ in range(n)])
    counts = counted([0, 1, 2, 3])
    np.testing.assert_allclose(counts.mean(), pixels.mean(0) / 255, rtol=1e-12)
    np.testing.assert_allclose(counts.std(), pixels.std(0) / 255, rtol=1e-12)
    assert (counts.samples, counts.pixels) == (16, 16 * 63)


def test_the_order_of_the_samples_changes_no_bit():
    assert counted([0, 1, 2, 3]).std() == counted([3, 1, 0, 2]).std()


def test_a_channel_of_one_value_is_named():
    counts = ChannelCounts()
    counts.add(np.stack([PATCHES[0][:, :, 0], np.full((7, 9), 8, np.uint8), PATCHES[0][:, :, 2]], 2), 2)
    with pytest.raises(ValueError, match="the green channel has one value in all 2 samples"):
        counts.std()
