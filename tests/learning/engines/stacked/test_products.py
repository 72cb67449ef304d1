"""Products of a stack: equal to those of float64, a member's bits its own, an engine on them still the plain one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neurograde.learning.engines.stacked import products
from tests.support.engines import LABELS, STRATEGIES, shared, spec_of, worst_difference
from tests.support.material import engine, sessions_of

pytestmark = pytest.mark.skipif(products._linear is None, reason="this torch has no oneDNN")


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(len(shape) + shape[-1]))


@pytest.fixture(params=[0, 1 << 60], ids=["a kernel a member", "bmm"])
def _kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "LEAST_PRODUCTS", request.param)


@pytest.mark.usefixtures("_kernels")
@pytest.mark.parametrize("rows", [1, 8, 33])
def test_every_product_is_that_of_float64(rows: int):
    values, weight, gradient = drawn(3, rows, 70), drawn(3, 40, 70), drawn(3, rows, 40)
    exact = [each.double() for each in (values, weight, gradient)]
    close = {"rtol": 1e-5, "atol": 1e-4}
    found = products.forward(values, weight)
    torch.testing.assert_close(found.double(), exact[0] @ exact[1].transpose(1, 2), **close)
    torch.testing.assert_close(products.backward(gradient, weight).double(), exact[2] @ exact[1], **close)
    total = weight.clone()
    products.add_outer(total, gradient, values, beta=0.9, alpha=-0.5)
    expected = 0.9 * exact[1] - 0.5 * exact[2].transpose(1, 2) @ exact[0]
    torch.testing.assert_close(total.double(), expected, **close)


@pytest.mark.usefixtures("_kernels")
def test_parts_of_a_block_are_taken_as_they_lie_in_memory():
    block, weight = drawn(2, 24, 70), drawn(2, 40, 70)
    found = products.forward(block[:, 8:16], weight)
    torch.testing.assert_close(found, products.forward(block[:, 8:16].contiguous(), weight))


def test_float64_and_small_products_are_left_to_bmm():
    large = drawn(1, 64, 512)
    assert products._kernel(large, 512) is not None
    assert products._kernel(large, 32) is None
    assert products._kernel(large.double(), 512) is None


@pytest.mark.parametrize("strategy", STRATEGIES, ids=LABELS)
def test_on_a_kernel_a_member_the_engine_is_still_the_plain_one(
    strategy: dict[str, object], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(products, "LEAST_PRODUCTS", 0)
    spec = spec_of(strategy, epochs=3, batch_sizes=[5], repeats=2)
    assert worst_difference(shared(spec), engine(spec), 3) < 2e-6


@pytest.mark.parametrize("strategy", STRATEGIES, ids=LABELS)
def test_on_a_kernel_a_member_a_sessions_bits_do_not_depend_on_its_company(
    strategy: dict[str, object], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(products, "LEAST_PRODUCTS", 0)
    spec = spec_of(strategy, epochs=2, repeats=3)
    last = sessions_of(spec)[-1]
    alone, together = shared(spec, [last]), shared(spec)
    for epoch in range(3):
        assert alone.run_epoch(epoch)[last.id] == together.run_epoch(epoch)[last.id]
