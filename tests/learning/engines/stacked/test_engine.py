"""The shared engine is the plain one, faster: equal losses, bits that no company changes, exact resume."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from neurograde.learning.engines.plain.engine import PlainEngine
from neurograde.learning.engines.stacked.engine import StackedEngine, width_within
from neurograde.learning.engines.stacked.stack import Stack
from neurograde.learning.networks.heads import new_head
from neurograde.learning.run.checkpoint import decode, encode
from neurograde.specs.train import TrainSpec
from tests.support.engines import LABELS, STRATEGIES, InMemory, shared, spec_of, worst_difference
from tests.support.material import CPU, engine, sessions_of, subsets, train_spec, trunk

OPTIMISERS: dict[str, dict[str, Any]] = {
    "momentum": {},
    "plain": {"momentum": 0.0},
    "decay": {"weight_decay": 0.01},
    "adagrad": {"kind": "adagrad", "weight_decay": 0.01},
    "rmsprop": {"kind": "rmsprop", "momentum": 0.5},
    "adam": {"kind": "adam", "weight_decay": 0.01},
    "adamw": {"kind": "adamw"},
}
WAYS: dict[str, dict[str, Any]] = {
    "focal": {"loss": {"kind": "focal"}},
    "hinge": {"loss": {"kind": "hinge"}},
    "large margin": {"loss": {"kind": "large_margin", "margin": 3}},
    "centre": {"loss": {"kind": "center", "pull": 0.5}},
    "class weights": {"class_weights": {"PD": 0.5, "D": 2.0}},
    "balanced": {"class_weights": "balanced", "loss": {"kind": "focal", "gamma": 1.0}},
    "step": {"schedule": {"kind": "step", "every": 1, "factor": 0.5}},
    "cosine after a warm-up": {"schedule": {"kind": "cosine", "warm_up": 2}},
    "early stopping": {"early_stopping": {"patience": 1, "min_delta": 0.05}},
}


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("strategy", STRATEGIES, ids=LABELS)
def test_in_float64_every_loss_is_that_of_the_plain_engine(strategy: dict[str, Any], optimiser: str):
    crop = "random" if optimiser == "momentum" else "center"
    spec = spec_of(strategy, precision="fp64", epochs=4, crop=crop, optimiser=OPTIMISERS[optimiser])
    assert worst_difference(shared(spec), engine(spec), 4) < 1e-9


@pytest.mark.parametrize("strategy", STRATEGIES, ids=LABELS)
def test_in_float32_the_first_15_steps_are_those_of_the_plain_engine(strategy: dict[str, Any]):
    spec = spec_of(strategy, epochs=3, batch_sizes=[5], repeats=2)
    assert worst_difference(shared(spec), engine(spec), 3) < 2e-6


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_train_is_that_of_the_plain_engine(way: str):
    spec = spec_of(STRATEGIES[1], precision="fp64", epochs=4, crop="center", **WAYS[way])
    assert worst_difference(shared(spec), engine(spec), 4) < 1e-9


ACTIVATIONS = ["linear", "sigmoid", "softmax", "tanh", "relu", "prelu", "elu", "swish", "mish"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_that_of_the_plain_engine(activation: str):
    strategy = {"kind": "extension", "non_linearities": 2, "activation": activation}
    spec = spec_of(strategy, precision="fp64", epochs=2, crop="center", batch_sizes=[5])
    one, other = shared(spec), engine(spec)
    assert worst_difference(one, other, 2) < 1e-9
    assert {name: each.shape for name, each in one.best().items()} == {
        name: each.shape for name, each in other.best().items()
    }


@pytest.mark.parametrize("activation", ["tanh", "prelu", "mish"])
def test_no_activation_lets_a_neighbour_change_a_bit(activation: str):
    strategy = {"kind": "extension", "non_linearities": 3, "activation": activation}
    spec = spec_of(strategy, epochs=2, batch_sizes=[7], learning_rates=[0.01], repeats=4)
    *_, last = everyone = sessions_of(spec)
    alone, together = shared(spec, [last]), shared(spec, everyone)
    for epoch in range(3):
        assert alone.run_epoch(epoch)[last.id] == together.run_epoch(epoch)[last.id]


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "hinge", "large_margin", "center"])
def test_three_classes_under_every_loss(loss: str):
    data = subsets(classes=3, each=4)
    classes = {"classes": ["a", "b", "c"], "positive": "a", "class_weights": {"a": 1.0, "b": 0.5, "c": 2.0}}
    spec = spec_of(STRATEGIES[1], precision="fp64", epochs=2, loss={"kind": loss}, **classes)
    assert worst_difference(shared(spec, data=data), engine(spec, data=data), 2) < 1e-9


def test_a_session_that_stops_early_ends_there_and_resumes_as_stopped():
    spec = spec_of(STRATEGIES[0], epochs=9, early_stopping={"patience": 1, "min_delta": 10.0})
    trained = shared(spec)
    taking_part = [bool(trained.run_epoch(epoch)) for epoch in range(4)]
    assert taking_part == [True, True, False, False]
    resumed = shared(spec)
    resumed.load_state(decode(encode(trained.state()), "a checkpoint"))
    assert resumed.run_epoch(2) == {}
    assert encode(resumed.best()) == encode(trained.best())


@pytest.mark.parametrize("optimiser", ["adagrad", "rmsprop", "adam", "adamw"])
def test_every_optimiser_resumes_to_the_same_bytes(optimiser: str):
    spec = spec_of(STRATEGIES[1], epochs=2, optimiser=OPTIMISERS[optimiser])
    undisturbed, resumed = shared(spec), shared(spec)
    undisturbed.run_epoch(1)
    resumed.load_state(decode(encode(undisturbed.state()), "a checkpoint"))
    assert resumed.run_epoch(2) == undisturbed.run_epoch(2)
    assert encode(resumed.state()) == encode(undisturbed.state())


def test_a_residual_network_is_no_exception():
    spec = spec_of(STRATEGIES[1], "resnet18", precision="fp64", batch_sizes=[5], input_size_px=40)
    assert worst_difference(shared(spec), engine(spec), 2) < 1e-9


def test_three_classes_are_trained_alike():
    data = subsets(classes=3, each=4)
    spec = spec_of(STRATEGIES[1], precision="fp64", classes=["a", "b", "c"], positive="a", epochs=3)
    assert worst_difference(shared(spec, data=data), engine(spec, data=data), 3) < 1e-9


def test_the_dropout_before_a_trunks_last_layer_is_the_heads_in_both_engines():
    spec = train_spec("squeezenet1_1", precision="fp64", learning_rates=[0.05], epochs=3)
    assert trunk(spec).dropout == 0.5
    assert worst_difference(shared(spec), engine(spec), 3) < 1e-9


def test_the_weights_of_the_best_epochs_have_the_plain_engines_names_shapes_and_values():
    spec = spec_of(STRATEGIES[1], precision="fp64", epochs=3)
    one, other = shared(spec), engine(spec)
    worst_difference(one, other, 3)
    ours, theirs = one.best(), other.best()
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=0, atol=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES[:2], ids=LABELS[:2])
@pytest.mark.parametrize("batch_size", [5, 20])
def test_a_session_has_the_same_bits_in_whatever_company(strategy: dict[str, Any], batch_size: int):
    spec = spec_of(strategy, batch_sizes=[batch_size], learning_rates=[0.01], repeats=53)
    everyone = sessions_of(spec)
    ours = everyone[7]
    companies = [[ours], [everyone[1], ours, everyone[3]], [*everyone[8:53], ours], everyone]
    found = []
    for company in companies:
        trained = shared(spec, company)
        metrics = [trained.run_epoch(epoch)[ours.id] for epoch in range(3)]
        best = {name: each for name, each in trained.best().items() if name.startswith(f"{ours.id}/")}
        found.append((metrics, encode(best)))
    assert all(each == found[0] for each in found)


def test_one_worker_or_two_give_the_same_bytes_and_a_shard_may_move_between_them():
    spec = spec_of(STRATEGIES[1], epochs=3, repeats=4)
    states = []
    for workers in ([1, 1, 1, 1], [2, 2, 2, 2], [1, 2, 1, 2]):
        trained = shared(spec)
        for epoch, number in enumerate(workers):
            moved = shared(spec)
            moved.load_state(decode(encode(trained.state()), "a checkpoint"))
            moved.workers = number
            moved.run_epoch(epoch)
            trained = moved
        states.append(encode(trained.state()))
    assert len(set(states)) == 1


@pytest.mark.parametrize("strategy", STRATEGIES[:2], ids=LABELS[:2])
def test_resumed_from_any_epoch_a_shard_ends_with_the_same_bytes(strategy: dict[str, Any]):
    spec = spec_of(strategy, epochs=3, repeats=2)
    undisturbed = shared(spec)
    states, metrics = [], []
    for epoch in range(4):
        metrics.append(undisturbed.run_epoch(epoch))
        states.append(encode(undisturbed.state()))
    for epoch in range(3):
        resumed = shared(spec)
        resumed.load_state(decode(states[epoch], "a checkpoint"))
        assert [resumed.run_epoch(later) for later in range(epoch + 1, 4)] == metrics[epoch + 1 :]
        assert encode(resumed.state()) == states[-1]
        assert encode(resumed.best()) == encode(undisturbed.best())


def test_a_session_that_diverges_is_named_with_its_epoch_and_costs_the_others_no_bit():
    calm = spec_of(STRATEGIES[1], learning_rates=[0.01], batch_sizes=[5])
    wild = spec_of(STRATEGIES[1], learning_rates=[0.01, 1e30], batch_sizes=[5])
    alone, together = shared(calm), shared(wild)
    session, lost = (each.id for each in sessions_of(wild))
    for epoch in range(3):
        expected = alone.run_epoch(epoch)
        found = together.run_epoch(epoch)
        assert found[session] == expected[session]
        assert (lost in found) == (epoch <= 1)
    assert together.diverged == {lost: 1}
    resumed = shared(wild)
    resumed.load_state(decode(encode(together.state()), "a checkpoint"))
    assert resumed.diverged == {lost: 1}
    assert encode(resumed.state()) == encode(together.state())
    assert {name.split("/")[0] for name in together.best()} == {session}


def test_sessions_end_at_epochs_of_their_own():
    spec = spec_of(STRATEGIES[0], epochs=3)
    sessions = [each.model_copy(update={"epochs": 1 + place}) for place, each in enumerate(sessions_of(spec)[:2])]
    trained = shared(spec, sessions)
    taking_part = [[each.id in trained.run_epoch(epoch) for each in sessions] for epoch in range(4)]
    assert taking_part == [[True, True], [True, True], [False, True], [False, False]]


def mutated(spec: TrainSpec, monkeypatch: pytest.MonkeyPatch, what: str) -> StackedEngine:
    """An engine with one mistake in it."""
    from neurograde.learning.engines.stacked import engine as engine_module
    from neurograde.learning.engines.stacked import stack

    if what == "a wrong sign":
        right = stack.LeakyReLU.backward
        monkeypatch.setattr(stack.LeakyReLU, "backward", lambda self, g, r: -right(self, g, r))
    elif what == "a stale weight":

        def after_its_update(self: stack.Linear, gradient: Tensor, rates: Tensor) -> Tensor | None:
            self._step(gradient, rates)
            return torch.bmm(gradient, self.weight)

        monkeypatch.setattr(stack.Linear, "backward", after_its_update)
    elif what == "a forgotten velocity":
        begin = stack.Delayed.begin

        def without_it(self: stack.Delayed, *block: Any) -> None:
            begin(self, *block)
            self._from_velocity.zero_()

        monkeypatch.setattr(stack.Delayed, "begin", without_it)
    else:
        drawn = engine_module.masks
        shift = lambda *args: (np.roll(each, 1, axis=-1) for each in drawn(*args))  # noqa: E731
        monkeypatch.setattr(engine_module, "masks", shift)
    return shared(spec)


@pytest.mark.parametrize("what", ["a wrong sign", "a stale weight", "a shifted mask", "a forgotten velocity"])
def test_the_comparison_sees_a_mistake(what: str, monkeypatch: pytest.MonkeyPatch):
    spec = spec_of(STRATEGIES[1], precision="fp64", epochs=2)
    assert worst_difference(mutated(spec, monkeypatch, what), engine(spec), 2) > 1e-6


def test_the_trunk_is_left_bit_for_bit_as_it_was():
    spec = spec_of(STRATEGIES[1])
    data, frozen = subsets(), trunk(spec)
    before = {name: each.clone() for name, each in frozen.module.state_dict().items()}
    labels = {name: each.labels for name, each in data.items()}
    options: dict[str, Any] = {"labels": labels, "device": CPU, "tick": lambda _samples: None}
    trained = StackedEngine(spec, sessions_of(spec), frozen, InMemory(spec, frozen, data), **options)
    for epoch in range(3):
        trained.run_epoch(epoch)
    assert all(torch.equal(each, before[name]) for name, each in frozen.module.state_dict().items())


def test_the_plain_engine_is_what_all_of_this_is_compared_with():
    assert isinstance(engine(spec_of(STRATEGIES[0])), PlainEngine)


def test_a_stack_on_a_gpu_is_as_wide_as_its_memory_allows():
    spec = spec_of(STRATEGIES[2])
    head = new_head(trunk(spec), sessions_of(spec)[0].adaptation, 1, 0, "a")
    assert width_within(1 << 40, head, 8) == 256
    assert width_within(0, head, 8) == 1
    widths = [width_within(bytes_, head, 8) for bytes_ in range(0, 1 << 28, 1 << 22)]
    assert widths == sorted(widths)
    assert len(set(widths)) > 4


def test_out_of_memory_halves_the_stacks_and_begins_the_epoch_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    spec = spec_of(STRATEGIES[2], repeats=2, learning_rates=[0.01, 0.002, 0.001])
    begin = Stack.begin

    def refuse_wide_ones(stack: Stack, values: Tensor, batch: int, rates: Tensor) -> None:
        begin(stack, values, batch, rates)
        if len(values) > 1:
            raise torch.OutOfMemoryError("tried to allocate 2 GiB")

    with monkeypatch.context() as patch:
        patch.setattr("neurograde.learning.engines.stacked.engine.stack_width", lambda *_: 1)
        narrow = shared(spec)
    halved = shared(spec)
    assert set(halved.widths.values()) == {4}
    monkeypatch.setattr(Stack, "begin", refuse_wide_ones)
    assert [halved.run_epoch(epoch) for epoch in range(3)] == [narrow.run_epoch(epoch) for epoch in range(3)]
    assert halved.widths == narrow.widths == {5: 1, 7: 1}
    assert encode(halved.state()) == encode(narrow.state())
    assert [each.message for each in caplog.records if "halved to 1 at batch 5, 1 at batch 7" in each.message]


def test_where_one_member_does_not_fit_the_error_is_told(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise torch.OutOfMemoryError("tried to allocate 2 GiB")

    one = shared(spec_of(STRATEGIES[0]))
    monkeypatch.setattr(Stack, "begin", refuse)
    one.run_epoch(0)
    with pytest.raises(torch.OutOfMemoryError, match="2 GiB"):
        one.run_epoch(1)
