"""One method on one split: what it gives and costs at each weight of cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from gairp.replay.engine import Replay
from gairp.replay.runlog import RunLog
from gairp.runners.finished import whole
from gairp.runners.replay.prepared import Prepared
from gairp.types import Floats


@dataclass(frozen=True, slots=True)
class Curve:
    """Arrays are by weight [w], or by weight and test row [w, n]."""

    quality: Floats  #: [w, n]
    cost_usd: Floats  #: [w, n], of all attempts and checks
    latency_s: Floats  #: [w], mean
    attempts: Floats  #: [w], mean
    validation_aiq: float

    def save(self, file: Path) -> None:
        """Whole or not at all."""
        with whole(file) as out:
            np.savez(out, **{name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def read(cls, file: Path) -> Self:
        """What `save` wrote."""
        with np.load(file) as found:
            fields: dict[str, Any] = {name: found[name] for name in cls.__slots__}
        return cls(**{**fields, "validation_aiq": float(fields["validation_aiq"])})


class Served:
    """What became of the prompts of one part, in ascending order of rows."""

    def __init__(self, policy: Any, prepared: Prepared, part: str, *, seed: int) -> None:
        log = _Counting(prepared.arms)
        engine = Replay(
            policy=policy, arms=prepared.arms, expected_cost=prepared.expected_cost("train"),
            max_cost=prepared.max_cost("train"), seed=seed, learn=False,
        )  # fmt: skip
        rows = prepared.rows(part)
        engine.run(prepared.outcomes.prompts(rows), log)
        columns = log.columns()
        assert (columns["rows"] == rows).all()
        self.quality: Floats = columns["quality"].copy()
        self.cost_usd: Floats = columns["cost_usd"].copy()
        self.latency_s = float(columns["latency_s"].mean())
        self.attempts = log.attempts / len(rows)


class _Counting(RunLog):
    """Counts attempts too."""

    attempts = 0

    def record(self, prompt: Any, context: Any, outcome: Any, quality: float) -> None:
        super().record(prompt, context, outcome, quality)
        self.attempts += len(outcome.attempts)
