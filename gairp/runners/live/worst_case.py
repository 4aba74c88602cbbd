"""What a live run may cost at most, before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gairp.runners.live.material import Material
from gairp.runners.live.session import chosen
from gairp.runners.live.settings import LiveSettings
from gairp.runners.live.stage import Stage


@dataclass(frozen=True, slots=True)
class WorstCase:
    """Upper bounds over the whole run, as if every call went to its dearest arm."""

    requests: int
    shadows: int
    calls_each: int  #: calls that one request may make: retries, and fallbacks with theirs
    usd: float  #: NaN where an arm has no price
    tokens: int
    by_arm: dict[str, tuple[float, int]]  #: USD and tokens if every first call went to this arm

    def lines(self, ceiling_usd: float | None, ceiling_tokens: int | None) -> list[str]:
        """For the terminal."""
        said = [
            f"worst case: {self.requests} requests and {self.shadows} shadow calls, at most "
            f"{self.calls_each} calls a request: {_usd(self.usd)}, {self.tokens:,} tokens"
        ]
        said += [
            f"  every request once to {arm}: {_usd(usd)}, {tokens:,} tokens"
            for arm, (usd, tokens) in self.by_arm.items()
        ]
        if ceiling_usd is None and ceiling_tokens is None:
            said.append("ceiling: none (live.ceiling.usd, live.ceiling.tokens)")
        else:
            tokens = "no limit" if ceiling_tokens is None else f"{ceiling_tokens:,}"
            usd = "no limit" if ceiling_usd is None else _usd(ceiling_usd)
            said.append(f"ceiling: {usd}, tokens: {tokens}; never crossed")
        return said


def worst_case(
    stage: Stage, material: Material, live: LiveSettings, learners: Sequence[str]
) -> WorstCase:
    """Bounds from the questions as they would be sent."""
    arms, costing = stage.arms, stage.costing
    usd = dict.fromkeys(arms, 0.0)
    tokens = dict.fromkeys(arms, 0)
    worst_usd, worst_tokens, shadows = 0.0, 0, 0
    calls = stage.retry.calls * (1 + min(live.fallbacks, len(arms) - 1))
    for question in material.questions:
        request = question.request("dry", 0.0)
        bounds = {arm: costing.bound(request, arm) for arm in arms}
        for arm, bound in bounds.items():
            usd[arm] += bound.usd * len(learners)
            tokens[arm] += bound.tokens * len(learners)
        dearest = max(bound.usd for bound in bounds.values())
        shadowed = chosen(question.id, live.shadow_share)
        shadows += shadowed * (len(arms) - 1)
        beside_usd = sum(bound.usd for bound in bounds.values()) if shadowed else 0.0
        worst_usd += calls * dearest * len(learners) + stage.retry.calls * beside_usd
        most = max(bound.tokens for bound in bounds.values())
        beside = sum(bound.tokens for bound in bounds.values()) if shadowed else 0
        worst_tokens += calls * most * len(learners) + stage.retry.calls * beside
    return WorstCase(
        requests=len(material.questions) * len(learners),
        shadows=shadows,
        calls_each=calls,
        usd=worst_usd,
        tokens=worst_tokens,
        by_arm={arm: (usd[arm], tokens[arm]) for arm in arms},
    )


def _usd(usd: float) -> str:
    return "cost unknown (an arm has no price)" if math.isnan(usd) else f"{usd:.6f} USD"
