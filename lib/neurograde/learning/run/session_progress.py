"""How a session stands: its best epoch so far by the minimax rule, and whether it has diverged."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from neurograde.specs.records import Metrics, Session
from neurograde.specs.train import EarlyStopping


@dataclass
class Standing:
    """What every engine keeps of a session beside its weights."""

    session: Session
    early_stopping: EarlyStopping | None = None
    """When it ends before its last epoch."""
    best_loss: float = math.inf
    """max(train loss, valid loss) of its best epoch."""
    best: dict[str, Tensor] = field(default_factory=dict)
    """Its own tensors after that epoch."""
    diverged: int | None = None
    """The epoch at which a loss was not finite."""
    lowest: float = math.inf
    """The valid loss that has to be undercut, and the epoch that reached it: what early stopping goes by."""
    lowest_epoch: int = 0

    def trains_in(self, epoch: int) -> bool:
        """Whether the session has a part in the epoch."""
        stopped = self.early_stopping and epoch > self.lowest_epoch + self.early_stopping.patience
        return self.diverged is None and not stopped and epoch <= self.session.epochs

    def judge(self, epoch: int, train: tuple[float, float], valid: tuple[float, float]) -> tuple[Metrics, bool]:
        """Enter loss and accuracy of an epoch; its metrics, and whether it is the best so far (never epoch 0)."""
        worse = max(train[0], valid[0])
        finite = math.isfinite(train[0]) and math.isfinite(valid[0])
        is_best = finite and epoch > 0 and worse < self.best_loss
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
        """The standing as tensors, the best weights under `best/`."""
        if self.diverged is not None:
            return {"diverged": torch.tensor(self.diverged)}
        best = {f"best/{name}": each for name, each in self.best.items()}
        if self.early_stopping:
            best["lowest"] = torch.tensor([self.lowest, self.lowest_epoch], dtype=torch.float64)
        return {"best_loss": torch.tensor(self.best_loss, dtype=torch.float64), **best}

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        """Go back to where `state` was taken."""
        if "diverged" in state:
            self.diverged = int(state["diverged"])
            return
        self.best_loss = float(state["best_loss"])
        if self.early_stopping:
            self.lowest, self.lowest_epoch = float(state["lowest"][0]), int(state["lowest"][1])
        prefix = "best/"
        self.best = {
            name.removeprefix(prefix): each.to(device) for name, each in state.items() if name.startswith(prefix)
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
