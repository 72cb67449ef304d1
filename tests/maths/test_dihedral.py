"""The symmetries of the square."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from neurograde.maths.dihedral import IDENTITY, TRANSFORMS, apply

IMAGE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
ALL = (IDENTITY, *TRANSFORMS)


def test_the_eight_images_differ():
    assert len({apply(IMAGE, name).tobytes() for name in ALL}) == 8


def test_the_transforms_are_closed_under_composition():
    images = {apply(IMAGE, name).tobytes() for name in ALL}
    for one, other in itertools.product(ALL, ALL):
        assert apply(apply(IMAGE, one), other).tobytes() in images


def test_no_transform_changes_a_pixel_or_mixes_channels():
    pixels = sorted(IMAGE.reshape(-1, 3).tolist())
    for name in ALL:
        assert sorted(apply(IMAGE, name).reshape(-1, 3).tolist()) == pixels


def test_they_are_numpy_s_quarter_turns_after_a_left_right_flip():
    assert (apply(IMAGE, "rot270") == np.rot90(IMAGE, 3)).all()
    assert (apply(IMAGE, "flip_rot90") == np.rot90(np.fliplr(IMAGE))).all()


def test_an_unknown_transform_is_named():
    with pytest.raises(ValueError, match="'rot45' is not a transform"):
        apply(IMAGE, "rot45")
