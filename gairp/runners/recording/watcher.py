"""Ends a refresh arm by arm, as soon as an arm has plainly changed."""

from __future__ import annotations

from gairp.runners.live.question import LiveQuestion
from gairp.runners.recording.differences import differences
from gairp.runners.recording.drift import DriftRule, drift
from gairp.runners.recording.pair import Pair
from gairp.runners.recording.plan import Plan
from gairp.runners.recording.recorded import Recorded
from gairp.runners.recording.reference import Reference


class Watcher:
    """Leaves an arm alone once it has drifted; the evidence may be looked at whenever one likes."""

    def __init__(
        self, recorded: Recorded, *, plan: Plan, reference: Reference, rule: DriftRule
    ) -> None:
        """Made before anything is asked: the grades that are there are of earlier processes."""
        self._recorded, self._plan, self._reference, self._rule = recorded, plan, reference, rule
        self._over: set[str] = set()
        self._ended: set[str] = set()
        self._frontier = 0  # questions from the first on that have all been dealt with
        self._seen = dict.fromkeys(plan.arms, 0)
        self._look(None)

    def wants(self, pair: Pair) -> bool:
        """Whether the arm's answer is still open."""
        return not (self._rule.stop_early and pair.arm in self._over)

    def done(self, question: LiveQuestion) -> None:
        """Look at the evidence again, where a question more counts."""
        self._ended.add(question.id)
        before, questions = self._frontier, self._plan.questions
        while self._frontier < len(questions) and questions[self._frontier].id in self._ended:
            self._frontier += 1
        if self._frontier > before:
            self._look(self._frontier)

    def _look(self, done: int | None) -> None:
        found = differences(self._plan, self._recorded, self._reference, done=done)
        for arm, steps in found.items():
            if arm in self._over or len(steps) == self._seen[arm]:
                continue
            self._seen[arm] = len(steps)
            if drift(arm, steps, self._rule, len(found)).crossing is not None:
                self._over.add(arm)
