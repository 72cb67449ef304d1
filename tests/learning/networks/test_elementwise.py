"""An element's bits do not depend on its place."""

from __future__ import annotations

import torch

from neurograde.learning.networks.elementwise import pointwise


def places_that_differ(function) -> int:
    """Of a value repeated 1 to 200 times, how many places differ from the first of a long array."""
    value = torch.tensor([0.7310586])
    expected = function(value.repeat(1000))[0]
    return sum(int((function(value.repeat(length)) != expected).sum()) for length in range(1, 201))


def test_every_place_of_every_length_has_the_same_bits():
    assert places_that_differ(lambda values: pointwise(torch.sigmoid, values)) == 0
    assert places_that_differ(lambda values: pointwise(torch.nn.functional.mish, values)) == 0


def test_shapes_and_values_are_those_of_the_function():
    values = torch.randn(3, 5, 7)
    torch.testing.assert_close(pointwise(torch.tanh, values), values.tanh())
    assert pointwise(torch.tanh, values[:0]).shape == (0, 5, 7)
