"""What the best weights say of samples is what the session measured with them."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from neurograde.errors import DataError
from neurograde.learning.inference.session_outputs import predict, predict_each
from neurograde.learning.networks.families.leaknet import LeakNet
from neurograde.learning.run.checkpoint import encode
from neurograde.maths.losses import binary_cross_entropy, cross_entropy
from tests.support.material import STATISTICS, engine, samples, sessions_of, train_spec


@pytest.mark.parametrize(
    ("backbone", "strategy"),
    [
        ("leaknet", {"kind": "whole"}),
        ("resnet18", {"kind": "unfreezing", "layers": 2}),
        ("mobilenet_v2", {"kind": "extension", "non_linearities": 1}),
    ],
)
def test_the_loss_of_the_predictions_is_the_loss_of_the_best_epoch(backbone: str, strategy: dict):
    spec = train_spec(backbone, strategy, classes=["D", "PD"], learning_rates=[0.05], epochs=3)
    data = samples()
    trainer, session = engine(spec, data={"train": data, "valid": data}), sessions_of(spec)[0]
    history = [trainer.run_epoch(epoch)[session.id] for epoch in range(4)]
    best = min(history[1:], key=lambda each: max(each.train_loss, each.valid_loss))
    probabilities = predict(spec, session, encode(trainer.best()), data, STATISTICS)
    assert probabilities.dtype == np.float64
    assert probabilities.shape == (12, 2)
    positive = probabilities[:, spec.classes.index("D")]
    assert binary_cross_entropy(data.labels, positive) == pytest.approx(best.valid_loss, abs=1e-5)


def test_three_classes_come_in_the_order_of_the_spec():
    spec = train_spec("leaknet", {"kind": "whole"}, classes=["U", "PD", "D"], epochs=1)
    data = samples(3)
    trainer, session = engine(spec, data={"train": data, "valid": data}), sessions_of(spec)[0]
    metrics = [trainer.run_epoch(epoch)[session.id] for epoch in (0, 1)]
    probabilities = predict(spec, session, trainer.best(), data, STATISTICS)
    assert cross_entropy(data.labels, probabilities) == pytest.approx(metrics[1].valid_loss, abs=1e-5)


def test_weights_of_another_session_are_refused():
    spec = train_spec("leaknet", {"kind": "whole"}, repeats=2)
    trainer = engine(spec, sessions_of(spec)[:1])
    trainer.run_epoch(1)
    with pytest.raises(DataError, match=r"r01: head\.1\.bias is missing"):
        predict(spec, sessions_of(spec)[1], trainer.best(), samples(), STATISTICS)


@pytest.mark.parametrize(
    ("strategy", "passes"),
    [({"kind": "straightforward"}, 1), ({"kind": "extension", "non_linearities": 1}, 1),
     ({"kind": "unfreezing", "layers": 1}, 3), ({"kind": "whole"}, 3)],
)  # fmt: skip
def test_sessions_asked_together_say_the_same_bits_and_a_frozen_trunk_passes_once(strategy, passes: int):
    spec = train_spec("leaknet", strategy, repeats=3, epochs=1)
    data, sessions = samples(), sessions_of(spec)
    trainer = engine(spec, data={"train": data, "valid": data})
    trainer.run_epoch(1)
    best = trainer.best()
    alone = [predict(spec, session, best, data, STATISTICS) for session in sessions]
    assert not np.array_equal(alone[0], alone[1])
    seen: list[nn.Module] = []
    watching = register_module_forward_hook(lambda module, _images, _features: seen.append(module))
    together = predict_each(spec, sessions, [best] * 3, data, STATISTICS)
    watching.remove()
    assert np.array_equal(together, alone)
    assert sum(isinstance(each, LeakNet) for each in seen) == passes
