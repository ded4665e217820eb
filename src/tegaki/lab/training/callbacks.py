"""When a stage stops and when its rate falls: Keras' two callbacks, as the seed used them."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(slots=True)
class EarlyStopping:
    """Stops after ``patience`` epochs without a higher value; the first best epoch wins.

    A patience of 0 never stops, and no epoch is ever the best.
    """

    patience: int
    best: float = -math.inf
    waited: int = 0

    def update(self, value: float) -> bool:
        """Take an epoch's value; whether it is the best so far."""
        if self.patience and value > self.best:
            self.best, self.waited = value, 0
            return True
        self.waited += 1
        return False

    @property
    def should_stop(self) -> bool:
        return bool(self.patience) and self.waited >= self.patience


@dataclass(slots=True)
class ReduceOnPlateau:
    """Halves the rate after ``patience`` epochs without a loss lower by 1e-4 (0: never)."""

    patience: int
    best: float = math.inf
    waited: int = 0

    def update(self, loss: float, rate: float) -> float:
        """The rate of the next epoch, 1e-7 at least."""
        if loss < self.best - 1e-4:
            self.best, self.waited = loss, 0
            return rate
        self.waited += 1
        if self.patience and self.waited >= self.patience:
            self.waited = 0
            return max(rate / 2, 1e-7)
        return rate
