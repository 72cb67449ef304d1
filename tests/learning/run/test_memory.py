"""A session that does not fit the device ends with a code that no cluster tries again."""

from __future__ import annotations

import pytest
import torch

from neurograde.errors import DataError
from neurograde.learning.run.shard import _memory_named
from neurograde.specs.grid import expand
from tests.support.material import train_spec


def test_a_device_with_too_little_memory_for_one_session_is_named_with_the_session():
    (shard,) = expand(train_spec(batch_sizes=[4, 64]), ()).shards
    reason = r"b64-r00 does not fit .* at batch 64: tried to allocate 2 GiB; take smaller"
    with pytest.raises(DataError, match=reason), _memory_named(shard):
        raise torch.OutOfMemoryError("tried to allocate 2 GiB\nmore")
