"""Progress of a session: its best epoch so far by the minimax rule, divergence and early stopping."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from neurograde.maths.minimax import is_better, worse_loss
from neurograde.specs.records import Metrics, Session
from neurograde.specs.train import EarlyStopping


@dataclass
class SessionProgress:
    """State of a session that every engine keeps beside its weights."""

    session: Session
    early_stopping: EarlyStopping | None = None
    """Rule by which it ends before its last epoch; None: it never does."""
    best_loss: float = math.inf
    """max(train loss, valid loss) of the best epoch."""
    best: dict[str, Tensor] = field(default_factory=dict)
    """Tensors of the session after that epoch."""
    diverged: int | None = None
    """The epoch at which a loss was not finite."""
    lowest: float = math.inf
    """Lowest valid loss, from which early stopping counts."""
    lowest_epoch: int = 0
    """Epoch of the lowest valid loss."""

    def trains_in(self, epoch: int) -> bool:
        """Return True where the session trains in the epoch."""
        stopped = self.early_stopping and epoch > self.lowest_epoch + self.early_stopping.patience
        return self.diverged is None and not stopped and epoch <= self.session.epochs

    def judge(self, epoch: int, train: tuple[float, float], valid: tuple[float, float]) -> tuple[Metrics, bool]:
        """Enter loss and accuracy of an epoch; return its metrics, and True if it is the best so far, never epoch 0."""
        worse = worse_loss(train[0], valid[0])
        finite = math.isfinite(worse)
        is_best = is_better(epoch, worse, self.best_loss)
        if is_best:
            self.best_loss = worse
        if not finite:
            self.diverged = epoch
        if self.early_stopping and valid[0] < self.lowest - self.early_stopping.min_delta:
            self.lowest, self.lowest_epoch = valid[0], epoch
        metrics = Metrics(
            train_loss=_finite(train[0]),
            train_accuracy=train[1],
            valid_loss=_finite(valid[0]),
            valid_accuracy=valid[1],
        )
        return metrics, is_best

    def state(self) -> dict[str, Tensor]:
        """Return the progress as tensors, the best weights under `best/`."""
        if self.diverged is not None:
            return {"diverged": torch.tensor(self.diverged)}
        best = {f"best/{name}": value for name, value in self.best.items()}
        if self.early_stopping:
            best["lowest"] = torch.tensor([self.lowest, self.lowest_epoch], dtype=torch.float64)
        return {"best_loss": torch.tensor(self.best_loss, dtype=torch.float64), **best}

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        """Restore what `state` returned."""
        if "diverged" in state:
            self.diverged = int(state["diverged"])
            return
        self.best_loss = float(state["best_loss"])
        if self.early_stopping:
            self.lowest, self.lowest_epoch = float(state["lowest"][0]), int(state["lowest"][1])
        prefix = "best/"
        self.best = {
            name.removeprefix(prefix): value.to(device) for name, value in state.items() if name.startswith(prefix)
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
