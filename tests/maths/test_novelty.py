"""Distances from what a network learnt from, and what of them is usual."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from neurograde.maths.novelty import Reference, neighbour_distances


def drawn(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, 7)).astype(np.float32)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_a_distance_is_that_of_the_kth_neighbour_among_rows_of_length_one(k: int):
    train, new = drawn(40), drawn(12, seed=1)
    scaled = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (train, new)]
    expected = NearestNeighbors(n_neighbors=k).fit(scaled[0]).kneighbors(scaled[1])[0][:, -1]
    assert neighbour_distances(new, train, k) == pytest.approx(expected, abs=1e-5)


def test_the_farthest_of_fewer_rows_than_neighbours_counts():
    train, new = drawn(4), drawn(3, seed=1)
    assert neighbour_distances(new, train, 10).tolist() == neighbour_distances(new, train, 4).tolist()


def test_rows_of_zeros_have_a_distance():
    assert neighbour_distances(np.zeros((1, 7)), drawn(4)).tolist() == [pytest.approx(np.sqrt(2))]


def test_what_is_usual_is_read_from_valid_images_and_their_mean_over_patches():
    train, valid = drawn(30), drawn(50, seed=2)
    reference = Reference(train, valid, [f"image {number // 2:02d}" for number in range(50)])
    means = reference.distances(valid).reshape(25, 2).mean(axis=1)
    assert reference.usual.tolist() == pytest.approx(sorted(means))
    assert np.mean(means <= reference.limit) >= 0.95
    assert reference.nearer(reference.limit) == sum(means < reference.limit)
    assert (reference.nearer(-1.0), reference.nearer(3.0)) == (0, 25)


def test_of_few_valid_images_the_largest_distance_is_the_limit():
    reference = Reference(drawn(30), drawn(6, seed=2), ["a", "a", "b", "b", "c", "c"])
    assert reference.limit == max(reference.usual)
