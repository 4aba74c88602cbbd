"""A world in which a signal tells, more or less, whether an answer is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gairp.backends.recorded import RecordedPrompt
from gairp.policies.base import BasePolicy
from gairp.replay.engine import Replay
from gairp.types import Context, Outcome, TrainingSet

Floats = NDArray[np.float64]
ARMS = ("small", "middle", "large")
COST = np.array([1.0, 4.0, 10.0]) * 1e-3


@dataclass(frozen=True)
class World:
    """n prompts; an answer's sign is its score plus noise."""

    features: Floats
    score: Floats
    cost: Floats
    latency: Floats
    sign: Floats

    @classmethod
    def drawn(cls, n: int, seed: int, *, noise: float = 0.3) -> World:
        rng = np.random.default_rng(seed)
        hard = rng.random(n)
        chance = np.clip(np.array([0.5, 0.75, 0.95]) + (0.5 - hard)[:, None], 0.02, 0.98)
        score = (rng.random((n, 3)) < chance).astype(np.float64)
        return cls(
            features=np.column_stack([np.ones(n), hard + 0.3 * rng.normal(size=n)]),
            score=score,
            cost=COST * rng.uniform(0.5, 1.5, (n, 3)),
            latency=rng.uniform(0.1, 2.0, (n, 3)),
            sign=score + noise * rng.normal(size=(n, 3)),
        )

    def training_set(self) -> TrainingSet:
        return TrainingSet(
            arms=ARMS, features=self.features, score=self.score, cost_usd=self.cost,
            latency_s=self.latency, observed=np.ones(self.score.shape, dtype=np.bool_),
            signals={"sign": self.sign},
        )  # fmt: skip

    def prompts(self) -> Iterator[RecordedPrompt]:
        for i in range(len(self.score)):
            yield RecordedPrompt(
                row=i, request_id=f"r{i}", features=self.features[i], quality=self.score[i],
                cost_usd=self.cost[i], latency_s=self.latency[i], signals={"sign": self.sign[i]},
            )  # fmt: skip


@dataclass
class Kept:
    """A sink of everything."""

    rows: list[tuple[RecordedPrompt, Context, Outcome, float]] = field(default_factory=list)

    def record(
        self, prompt: RecordedPrompt, context: Context, outcome: Outcome, quality: float
    ) -> None:
        self.rows.append((prompt, context, outcome, quality))


def served(world: World, policy: BasePolicy) -> Kept:
    """Every prompt once."""
    kept = Kept()
    engine = Replay(
        policy=policy, arms=ARMS, expected_cost=COST, max_cost=1.5 * COST, seed=0, learn=False
    )
    engine.run(world.prompts(), kept)
    return kept
