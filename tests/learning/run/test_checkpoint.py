"""Checkpoints: equal states are equal bytes, and nothing is unpickled."""

from __future__ import annotations

import pickle

import pytest
import torch

from neurograde.errors import DataError
from neurograde.learning.run.checkpoint import decode, encode, scoped, within

STATE = {
    "b": torch.randn(3, 4, generator=torch.Generator().manual_seed(0)),
    "a": torch.tensor(7),
    "c": torch.tensor(float("inf"), dtype=torch.float64),
}


def test_a_state_survives_the_round_trip_bit_for_bit():
    read = decode(encode(STATE), "here")
    assert read.keys() == STATE.keys()
    assert all(read[name].dtype == STATE[name].dtype and torch.equal(read[name], STATE[name]) for name in STATE)


def test_equal_states_are_equal_bytes_whatever_their_order_and_memory_format():
    image = torch.randn(2, 3, 4, 4)
    one = encode({"x": image, **STATE})
    other = encode({**dict(reversed(STATE.items())), "x": image.to(memory_format=torch.channels_last)})
    assert one == other


def test_a_state_that_differs_in_one_bit_has_other_bytes():
    assert encode(STATE) != encode(STATE | {"a": torch.tensor(6)})


def test_a_pickle_is_no_checkpoint():
    with pytest.raises(DataError, match="here is no checkpoint"):
        decode(pickle.dumps(STATE), "here")


def test_a_scope_is_left_as_it_was_entered():
    state = scoped("a-r00", {"x/y": torch.ones(1)}) | scoped("a-r001", {"z": torch.ones(1)})
    assert list(within("a-r00", state)) == ["x/y"]
