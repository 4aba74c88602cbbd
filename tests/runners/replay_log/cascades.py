"""Policies for these tests, found by their path."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gairp.policies.base import draw
from gairp.policies.linucb import LinUCB
from gairp.policies.ucb1 import UCB1
from gairp.rng import DecisionRng
from gairp.types import Attempt, Context, Decision


class Cascade(LinUCB):
    """Asks another arm after an answer that was slow, up to twice, and draws which."""

    def next_decision(
        self, context: Context, attempts: Sequence[Attempt], rng: DecisionRng
    ) -> Decision | None:
        """Reads of the attempts what a cascade may: latency, cost, how many there were."""
        last = attempts[-1]
        if len(attempts) > 2 or last.response.latency_s + 1e3 * last.cost_usd < 2.0:
            return None
        tried = {attempt.decision.arm for attempt in attempts}
        p = np.array([float(arm not in tried) for arm in context.candidates])
        p /= p.sum()
        index = draw(p, rng.random())
        return msgspec.structs.replace(
            last.decision,
            id=f"{context.request_id}/{len(attempts)}",
            attempt=len(attempts),
            kind="escalation",
            arm=context.candidates[index],
            propensity=float(p[index]),
            probabilities=tuple(p.tolist()),
            scores=None,
            state_version=self.state_version,
        )


class Forgetful(UCB1):
    """Keeps what it has learned to itself."""

    restorable = False
