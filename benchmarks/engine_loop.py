"""The whole engine on features in memory, and the policy's own share of the same work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.problem import Problem
from gairp.policies.linucb import LinUCB
from gairp.records.parquet_log import ParquetLog
from gairp.replay.engine import Replay
from gairp.replay.runlog import DecisionSink, RunLog, Tee
from gairp.replay.source import Outcomes
from gairp.rng import DecisionRng
from gairp.types import Context, Feedback, Outcome


class EngineLoop:
    """A replay of LinUCB with both records on: the columns of the report and the Parquet log."""

    def __init__(self, problem: Problem, folder: Path) -> None:
        self.problem, self.path = problem, folder / "decisions.parquet"
        self.outcomes = Outcomes(
            arms=problem.arms,
            prompt_ids=problem.request_ids,
            features=problem.features,
            quality=problem.quality,
            cost_usd=problem.cost_usd,
            latency_s=problem.latency_s,
            first_token_s=problem.latency_s,
            input_tokens=problem.tokens,
            output_tokens=problem.tokens,
        )
        self.log = RunLog(problem.arms)

    def __call__(self) -> None:
        """Replay the problem once, from a new policy to a closed log."""
        problem = self.problem
        engine = self.engine(
            policy=LinUCB(alpha=1.0, ridge=1.0),
            arms=problem.arms,
            expected_cost=problem.expected_cost,
            max_cost=problem.expected_cost,
            seed=0,
        )
        self.log = RunLog(problem.arms)
        with ParquetLog(self.path) as decisions:
            prompts = self.outcomes.prompts(range(len(problem.request_ids)))
            engine.run(prompts, Tee((self.log, DecisionSink(decisions))))

    def engine(self, **shared: Any) -> Replay:
        """The plain one: requests come one at a time."""
        return Replay(**shared)


class PolicyLoop:
    """`decide` and `learn` alone: every argument of theirs lies ready."""

    def __init__(self, problem: Problem) -> None:
        self.contexts = [
            Context(
                request_id=request_id,
                features=features,
                candidates=problem.arms,
                expected_cost=problem.expected_cost,
                max_cost=problem.expected_cost,
            )
            for request_id, features in zip(problem.request_ids, problem.features, strict=True)
        ]
        # LinUCB draws nothing, so the generators may serve every round.
        self.rngs = [DecisionRng(0, request_id) for request_id in problem.request_ids]
        self.ends = [
            {arm: _end(problem, row, column) for column, arm in enumerate(problem.arms)}
            for row in range(len(problem.request_ids))
        ]

    def __call__(self) -> None:
        """Decide on and learn from every request, from a new policy."""
        policy = LinUCB(alpha=1.0, ridge=1.0)
        for context, rng, ends in zip(self.contexts, self.rngs, self.ends, strict=True):
            decision = policy.decide(context, rng)
            policy.learn(context, decision, *ends[decision.arm])


def _end(problem: Problem, row: int, column: int) -> tuple[Outcome, Feedback]:
    request_id = problem.request_ids[row]
    outcome = Outcome(
        request_id=request_id,
        attempts=(),
        total_cost_usd=float(problem.cost_usd[row, column]),
        latency_s=float(problem.latency_s[row, column]),
        completed_at=0.0,
    )
    quality = float(problem.quality[row, column])
    return outcome, Feedback(decision_id=f"{request_id}/0", quality=quality)
