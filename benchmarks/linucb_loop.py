"""LinUCB called one request at a time through the policy seam, as the router calls it."""

from __future__ import annotations

from benchmarks.problem import Problem
from gairp.policies.linucb import LinUCB
from gairp.rng import DecisionRng
from gairp.types import Attempt, Context, Decision, Feedback, Outcome, Response


class LinUCBLoop:
    """Everything that a caller makes for the policy is made here, and its time counts as ours."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.policy = LinUCB(alpha=1.0, ridge=1.0)
        self._columns = {arm: column for column, arm in enumerate(problem.arms)}
        self._response = Response(model="recorded", latency_s=0.5, cost_usd=1e-4)

    def __call__(self) -> None:
        """Decide on and learn from every request of the problem."""
        for row in range(len(self.problem.request_ids)):
            context, decision = self.decide(row)
            self.learn(context, decision, self.quality(row, decision.arm))

    def decide(self, row: int) -> tuple[Context, Decision]:
        """Make the context of one request and let the policy choose."""
        problem = self.problem
        request_id = problem.request_ids[row]
        context = Context(
            request_id=request_id,
            features=problem.features[row],
            candidates=problem.arms,
            expected_cost=problem.expected_cost,
            max_cost=problem.expected_cost,
        )
        return context, self.policy.decide(context, DecisionRng(0, request_id))

    def learn(self, context: Context, decision: Decision, quality: float) -> None:
        """Make outcome and feedback and let the policy learn."""
        attempt = Attempt(decision=decision, response=self._response, cost_usd=1e-4)
        outcome = Outcome(
            request_id=context.request_id,
            attempts=(attempt,),
            total_cost_usd=1e-4,
            latency_s=0.5,
            completed_at=0.0,
        )
        feedback = Feedback(decision_id=decision.id, quality=quality)
        self.policy.learn(context, decision, outcome, feedback)

    def quality(self, row: int, arm: str) -> float:
        """What the problem says of an answer."""
        return float(self.problem.quality[row, self._columns[arm]])
