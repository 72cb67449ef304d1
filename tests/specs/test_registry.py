"""Registers: complete whatever was imported before, and without doubles."""

from __future__ import annotations

from typing import get_args

import pytest

from neurograde.learning.engines.optimisers.optimiser import OPTIMISERS
from neurograde.specs.optimisers import Optimiser
from neurograde.specs.registry import Registry


def test_a_kind_is_registered_once():
    registry: Registry[int] = Registry("neurograde.learning.losses")
    registry.register("one")(1)
    with pytest.raises(ValueError, match="'one' is registered twice"):
        registry.register("one")(2)


def test_every_optimiser_that_a_spec_may_name_is_registered_and_none_besides():
    models = [get_args(option)[0] for option in get_args(get_args(Optimiser)[0])]
    kinds = {get_args(model.model_fields["kind"].annotation)[0] for model in models}
    assert set(OPTIMISERS.entries()) == kinds
