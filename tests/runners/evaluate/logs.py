"""Interaction logs of a router whose arms' worth is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gairp.records.events import Decided, Ended, Event, Graded, Learned, Observed, Opened, packed
from gairp.records.journal import Journal

ARMS = ("large", "medium", "small")
#: Quality by kind of request (rows) and arm: `small` is best on the first kind alone.
QUALITY = np.array([[0.5, 0.5, 0.9], [0.7, 0.5, 0.2]])
COST = np.array([4e-4, 2e-4, 1e-4])
SHARES = np.array([0.5, 0.25, 0.25])


@dataclass(frozen=True, kw_only=True)
class World:
    """A uniform-ish logger over two kinds of requests, told by the one feature."""

    n: int = 2000
    seed: int = 0
    features: bool = True
    feedback: float = 1.0  #: share of decisions with feedback
    graded_only: bool = False
    learner: str = "router-0"
    shares: tuple[float, ...] = tuple(SHARES.tolist())
    logged_as: tuple[float, ...] | None = None  #: probabilities told by the log, if others

    def write(self, folder: Path) -> Path:
        """A journal of this world."""
        with Journal(folder) as journal:
            for event in self.events():
                journal.append(event)
        return folder

    def events(self) -> Iterator[Event]:
        """Everything in order; a decision a second."""
        rng = np.random.default_rng(self.seed)
        yield self._opened()
        told = self.logged_as or self.shares
        for i in range(self.n):
            kind = int(rng.integers(2))
            arm = int(rng.choice(3, p=self.shares))
            yield self._decided(i, kind, arm, told)
            yield Observed(
                learner=self.learner,
                at=i + 0.5,
                decision_id=f"r{i}/0",
                request_id=f"r{i}",
                attempts=(
                    Ended(decision_id=f"r{i}/0", call_id=f"c{i}", cost_usd=float(COST[arm])),
                ),
                total_cost_usd=float(COST[arm]),
                latency_s=0.1 * (1 + arm),
                completed_at=i + 0.5,
            )
            quality = float(rng.random() < QUALITY[kind, arm])
            if rng.random() < self.feedback:
                yield self._told(i, quality)

    def _opened(self) -> Opened:
        job = {
            "policy": "router",
            "config": {"_target_": "gairp.policies.random.Random"},
            "seed": 0,
            "utility": {},
            "floor": 0.0,
            "cost_weight": None,
        }
        return Opened(
            learner=self.learner,
            at=0.0,
            seed=0,
            policy="router",
            policy_version="",
            config=json.dumps(job),
            features={"": "kind"},
        )

    def _decided(self, i: int, kind: int, arm: int, told: tuple[float, ...]) -> Decided:
        x = np.array([1.0, float(kind)]) if self.features else np.empty(0)
        return Decided(
            learner=self.learner,
            at=float(i),
            decision_id=f"r{i}/0",
            request_id=f"r{i}",
            attempt=0,
            kind="primary",
            now=float(i),
            features=packed(x),
            candidates=ARMS,
            expected_cost=packed(COST),
            max_cost=packed(COST),
            arm=ARMS[arm],
            propensity=told[arm],
            probabilities=tuple(told),
            scores=None,
            policy="router",
            policy_version="",
            state_version=0,
            tenant=("acme", "bolt")[i % 2],
            category=("easy", "hard")[kind],
            session=None,
        )

    def _told(self, i: int, quality: float) -> Event:
        if self.graded_only:
            return Graded(
                learner=self.learner,
                at=i + 0.6,
                decision_id=f"r{i}/0",
                quality=quality,
                status="graded",
                source="test",
            )
        return Learned(
            learner=self.learner,
            at=i + 0.6,
            decision_id=f"r{i}/0",
            quality=quality,
            source="test",
            received_at=i + 0.6,
        )


def mixture(*weights: float) -> dict[str, object]:
    """A policy that ignores the request."""
    return {
        "_target_": "gairp.policies.mixture.Mixture",
        "weights": dict(zip(ARMS, weights, strict=True)),
    }
