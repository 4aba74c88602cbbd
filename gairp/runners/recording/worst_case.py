"""What a recording may still cost at most, before anything is sent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gairp.runners.live.stage import Stage
from gairp.runners.recording.pair import Pair
from gairp.runners.recording.plan import Plan
from gairp.runners.recording.recorded import Recorded


@dataclass(frozen=True, slots=True)
class WorstCase:
    """Upper bounds over all calls that are missing."""

    pairs: int  #: of the whole plan
    answered: int  #: of them, by an earlier process
    calls: int  #: that are missing; fewer than the pairs that lack an answer where contents repeat
    calls_each: int  #: that one of them may take, retries counted
    by_arm: dict[str, tuple[int, float, int]]  #: calls, USD and tokens if each is made once
    judged: bool  #: the grader makes calls of its own

    @property
    def usd(self) -> float:
        """With every retry; NaN where an arm has no price."""
        return self.calls_each * math.fsum(usd for _, usd, _ in self.by_arm.values())

    @property
    def tokens(self) -> int:
        """With every retry."""
        return self.calls_each * sum(tokens for _, _, tokens in self.by_arm.values())

    def lines(self, ceiling_usd: float | None, ceiling_tokens: int | None) -> list[str]:
        """For the terminal."""
        said = [
            f"{self.pairs} answers wanted, {self.answered} are there; {self.calls} calls to make",
            f"worst case: at most {self.calls_each} calls for each: {_usd(self.usd)}, "
            f"{self.tokens:,} tokens",
        ]
        said += [
            f"  {arm}: {calls} calls, each made once: {_usd(usd)}, {tokens:,} tokens"
            for arm, (calls, usd, tokens) in self.by_arm.items()
        ]
        if self.judged:
            said.append("  the grader's own calls come on top, within the ceiling")
        usd = "no limit" if ceiling_usd is None else _usd(ceiling_usd)
        tokens = "no limit" if ceiling_tokens is None else f"{ceiling_tokens:,}"
        said.append(f"ceiling: {usd}, tokens: {tokens}; with what was spent before; never crossed")
        return said


def worst_case(plan: Plan, recorded: Recorded, stage: Stage, *, judged: bool) -> WorstCase:
    """Bounds from the requests as they would be sent."""
    missing: dict[str, Pair] = {p.key: p for p in plan.pairs if recorded.wanted(p)}
    by_arm = dict.fromkeys(plan.arms, (0, 0.0, 0))
    for pair in missing.values():
        request = plan.request(pair, 0, said=recorded.said(pair))
        bound = stage.costing.bound(request, pair.arm)
        calls, usd, tokens = by_arm[pair.arm]
        by_arm[pair.arm] = (calls + 1, usd + bound.usd, tokens + bound.tokens)
    return WorstCase(
        pairs=sum(not recorded.needless(pair) for pair in plan.pairs),
        answered=sum(pair.key in recorded.answers for pair in plan.pairs),
        calls=len(missing),
        calls_each=stage.retry.calls,
        by_arm=by_arm,
        judged=judged,
    )


def _usd(usd: float) -> str:
    return (
        "cost unknown (an arm has no price, or costs time)" if math.isnan(usd) else f"{usd:.6f} USD"
    )
