"""The plain engine: a textbook loop, and what must hold of it."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from neurograde.learning.engines.plain.engine import PlainEngine
from neurograde.learning.run.checkpoint import encode
from neurograde.maths.minimax import best_by_loss
from neurograde.maths.seeding import generator
from tests.support.material import engine, images, samples, sessions_of, subsets, train_spec

EXTENSION = {"kind": "extension", "non_linearities": 2}
UNFREEZING = {"kind": "unfreezing", "layers": 2}
WHOLE = {"kind": "whole"}


def frozen(trainer: PlainEngine) -> dict[str, torch.Tensor]:
    """Every parameter and buffer that is no session's own."""
    network = trainer.members[0].network
    own = network.session_tensors()
    everything = dict(network.named_parameters()) | dict(network.named_buffers())
    return {name: each.detach().clone() for name, each in everything.items() if name not in own}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_an_epoch_is_the_textbook_loop():
    spec = train_spec("leaknet", WHOLE, crop="center", learning_rates=[0.02], optimiser={"weight_decay": 0.1})
    data = subsets()
    trainer = engine(spec, data=data)
    member = trainer.members[0]
    network, total, right = copy.deepcopy(member.network), 0.0, 0
    network.trunk.classifier[2].p = 0.0
    for each in (network, member.network):
        each.head[0].threshold = 0  # without dropout there is nothing random but the order
    velocity = [torch.zeros_like(each) for each in network.parameters()]
    order = generator(3, "session", member.session.id, "epoch", 1, "order").permutation(24)
    for batch in (order[:5], order[5:10], order[10:15], order[15:20], order[20:]):  # the last holds 4
        logits = network(images(spec, data["train"], batch))[:, 0]
        labels = torch.tensor(data["train"].labels[batch], dtype=torch.float32)
        loss = binary_cross_entropy_with_logits(logits, labels)
        total += loss.item() * len(batch)
        right += int(((logits >= 0) == (labels == 1)).sum())
        gradients = torch.autograd.grad(loss, list(network.parameters()))
        with torch.no_grad():
            for weight, gradient, v in zip(network.parameters(), gradients, velocity, strict=True):
                v.mul_(0.9).add_(gradient + 0.1 * weight)
                weight.sub_(0.02 * v)
    metrics = trainer.run_epoch(1)[member.session.id]
    assert metrics.train_loss == pytest.approx(total / 24, abs=1e-6)
    assert metrics.train_accuracy == right / 24
    for ours, theirs in zip(member.network.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


def test_epoch_0_measures_in_eval_mode_and_takes_no_step():
    spec, data = train_spec("leaknet", WHOLE), subsets()
    trainer = engine(spec, data=data)
    before = encode(trainer.state())
    metrics = trainer.run_epoch(0)[sessions_of(spec)[0].id]
    assert encode(trainer.state()) == before
    network = trainer.members[0].network.eval()
    for subset, loss in (("train", metrics.train_loss), ("valid", metrics.valid_loss)):
        labels = torch.tensor(data[subset].labels, dtype=torch.float32)
        with torch.no_grad():
            logits = network(images(spec, data[subset], np.arange(len(data[subset]))))[:, 0]
        assert loss == pytest.approx(binary_cross_entropy_with_logits(logits, labels).item(), abs=1e-6)


@pytest.mark.parametrize(
    ("backbone", "strategy"),
    [("leaknet", EXTENSION), ("mobilenet_v2", EXTENSION), ("squeezenet1_1", UNFREEZING), ("resnet18", UNFREEZING)],
)
def test_what_is_frozen_is_bit_equal_after_training_and_what_is_not_has_moved(backbone: str, strategy: dict):
    trainer = engine(train_spec(backbone, strategy))
    before, own = frozen(trainer), copy.deepcopy(trainer.members[0].network.session_tensors())
    trainer.run_epoch(1)
    assert same(frozen(trainer), before)
    after = trainer.members[0].network.session_tensors()
    assert [name for name in own if torch.equal(own[name], after[name])] == []


def test_the_check_of_what_is_frozen_sees_batch_norm_that_was_left_in_training_mode():
    trainer = engine(train_spec("mobilenet_v2"))
    before = frozen(trainer)
    network = trainer.members[0].network
    network.training_mode = network.train
    trainer.run_epoch(1)
    assert not same(frozen(trainer), before)


@pytest.mark.parametrize(("backbone", "strategy"), [("leaknet", WHOLE), ("resnet18", UNFREEZING)])
def test_a_session_alone_is_the_same_as_in_company(backbone: str, strategy: dict):
    spec = train_spec(backbone, strategy, learning_rates=[0.01, 0.03], batch_sizes=[5, 8])
    together, second = engine(spec), sessions_of(spec)[1]
    alone = engine(spec, [second])
    for epoch in range(3):
        company, solo = together.run_epoch(epoch), alone.run_epoch(epoch)
        assert company[second.id] == solo[second.id]
    state = {name: each for name, each in together.state().items() if name.startswith(f"{second.id}/")}
    assert encode(state) == encode(alone.state())
    assert len({each.train_loss for each in company.values()}) == 4


@pytest.mark.parametrize(
    ("backbone", "strategy", "momentum"),
    [("leaknet", WHOLE, 0.9), ("resnet18", UNFREEZING, 0.9), ("leaknet", WHOLE, 0.0)],
)
def test_a_restored_state_goes_on_bit_for_bit(backbone: str, strategy: dict, momentum: float):
    spec = train_spec(backbone, strategy, epochs=3, optimiser={"momentum": momentum})
    through, first = engine(spec), engine(spec)
    for epoch in (0, 1):
        through.run_epoch(epoch)
        first.run_epoch(epoch)
    second = engine(spec)
    second.load_state(first.state())
    for epoch in (2, 3):
        assert second.run_epoch(epoch) == through.run_epoch(epoch)
    assert encode(second.state()) == encode(through.state())
    assert encode(second.best()) == encode(through.best())


def test_training_leaves_the_global_generator_alone():
    trainer = engine(train_spec("leaknet", WHOLE))
    before = torch.random.get_rng_state()
    trainer.run_epoch(1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_best_weights_are_those_of_the_minimax_epoch():
    spec, data = train_spec("leaknet", WHOLE, epochs=5), samples()
    contrary = replace(data, plan=tuple(each._replace(label=1 - each.label) for each in data.plan))
    trainer, history, weights = engine(spec, data={"train": data, "valid": contrary}), [], []
    for epoch in range(6):
        history += trainer.run_epoch(epoch).values()
        weights.append(copy.deepcopy(trainer.members[0].network.session_tensors()))
    curves = ("train_loss", "valid_loss", "train_accuracy", "valid_accuracy")
    best = best_by_loss(**{curve: [getattr(each, curve) for each in history] for curve in curves})
    assert 1 <= best.epoch < 5  # or the test would not tell the best from the last
    assert same({name.partition("/")[2]: each for name, each in trainer.best().items()}, weights[best.epoch])


def test_a_session_that_diverges_is_frozen_and_the_others_go_on():
    spec = train_spec("leaknet", WHOLE, learning_rates=[0.01, 1e30])
    trainer = engine(spec)
    wild = sessions_of(spec)[1].id
    trainer.run_epoch(0)
    metrics = trainer.run_epoch(1)[wild]
    assert metrics.train_loss is None or metrics.valid_loss is None
    assert trainer.diverged == {wild: 1}
    assert list(trainer.run_epoch(2)) == [sessions_of(spec)[0].id]
    assert all(torch.isfinite(each).all() for each in trainer.best().values())
    resumed = engine(spec)
    resumed.load_state(trainer.state())
    assert resumed.diverged == {wild: 1}


def test_three_classes_are_learned_with_three_logits():
    spec = train_spec("leaknet", WHOLE, classes=["U", "PD", "D"], epochs=8, learning_rates=[0.003])
    trainer = engine(spec, data={"train": samples(3), "valid": samples(3)})
    first = trainer.run_epoch(0)[sessions_of(spec)[0].id]
    for epoch in range(1, 9):
        last = trainer.run_epoch(epoch)[sessions_of(spec)[0].id]
    assert first.valid_loss == pytest.approx(np.log(3), abs=0.2)
    assert last.valid_loss < 0.7 * first.valid_loss
    assert trainer.members[0].network.head[-1].out_features == 3


def test_inception_trains_at_its_smallest_input():
    spec = train_spec("inception_v3", input_size_px=75, epochs=1)
    data = {name: samples(each=1) for name in ("train", "valid")}
    metrics = engine(spec, data=data).run_epoch(1)[sessions_of(spec)[0].id]
    assert metrics.train_loss > 0


def test_random_crops_differ_from_epoch_to_epoch_and_from_the_centre():
    losses = {}
    for crop in ("random", "center"):
        spec = train_spec("leaknet", WHOLE, crop=crop, input_size_px=46, learning_rates=[1e-12])
        trainer = engine(spec)
        losses[crop] = [trainer.run_epoch(epoch)[sessions_of(spec)[0].id].valid_loss for epoch in (0, 1, 2)]
        trainer.members[0].network.head[0].threshold = 0
        losses[crop] += [trainer.run_epoch(epoch)[sessions_of(spec)[0].id].train_loss for epoch in (1, 2)]
    assert losses["random"][:3] == pytest.approx(losses["center"][:3], abs=1e-6)
    assert losses["center"][3] == pytest.approx(losses["center"][4], abs=1e-6)
    assert abs(losses["random"][3] - losses["random"][4]) > 1e-5
