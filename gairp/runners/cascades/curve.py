"""One method on one split: what it gives and costs at each weight of cost."""

from __future__ import annotations

from typing import Any, NamedTuple

from gairp.replay.engine import Replay
from gairp.replay.runlog import RunLog
from gairp.runners.replay.prepared import Prepared
from gairp.types import Floats


class Curve(NamedTuple):
    """Arrays are by weight [w], or by weight and test row [w, n]."""

    quality: Floats  #: [w, n]
    cost_usd: Floats  #: [w, n], of all attempts and checks
    latency_s: Floats  #: [w], mean
    attempts: Floats  #: [w], mean
    validation_aiq: float


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
