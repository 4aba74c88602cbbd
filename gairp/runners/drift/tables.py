"""Quality, spend and adaptation, a row a learner, budget and phase."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.drift import moving_average
from gairp.metrics.holm import holm
from gairp.metrics.hull import frontier_quality
from gairp.metrics.interval import Estimate, p_value, standard_error
from gairp.runners.drift.learner import Taken
from gairp.runners.drift.world import ChangingWorld
from gairp.types import Floats

Runs = Mapping[tuple[str, str], Sequence[Taken]]  #: by learner and budget

WINDOW = 50  #: requests that a moving average is over
WITHIN = 0.01  #: quality that counts as back to what can be had


class Phases:
    """Measures runs phase by phase; the same bootstrap serves every learner of as many seeds."""

    def __init__(self, world: ChangingWorld, *, draws: int) -> None:
        self.world, self.draws = world, draws
        self.parts = [np.sort(part) for part in world.parts]
        ends = np.cumsum([0, *(len(part) for part in self.parts)])
        self.spans = [slice(a, b) for a, b in pairwise(ends.tolist())]
        _, self._quality, self._cost = world.tables()
        self._boots: dict[tuple[int, int], TwoWayBootstrap] = {}

    def rows(self, runs: Runs) -> pd.DataFrame:
        """A row a learner, budget and phase."""
        return pd.DataFrame(
            self._row(learner, budget, number, found)
            for (learner, budget), found in runs.items()
            for number in range(len(self.parts))
        )

    def _row(
        self, learner: str, budget: str, number: int, found: Sequence[Taken]
    ) -> dict[str, Any]:
        quality, cost, _ = self.by_prompt(found, number)
        means = self._boot(number, len(found)).means(np.stack([quality, cost]))
        mean = Estimate.from_draws(float(means.point[0]), means.draws[:, 0])
        span = self.spans[number]
        arms = self.world.prepared.arms
        taken = np.concatenate([run.arm[span] for run in found])
        mix = frontier_quality(
            self._cost[span].mean(axis=0), self._quality[span].mean(axis=0), means.point[1]
        )
        return {
            "learner": learner, "budget": budget, "phase": number + 1, "seeds": len(found),
            "quality": mean.point, "quality_low": mean.low, "quality_high": mean.high,
            "seed_error": 1.96 * standard_error(quality.mean(axis=1)),
            "spend_usd": means.point[1], "mix": float(mix),
            **{f"share_{arm.rpartition('/')[2]}": float((taken == i).mean())
               for i, arm in enumerate(arms)},
        }  # fmt: skip

    def by_prompt(self, found: Sequence[Taken], number: int) -> tuple[Floats, Floats, Floats]:
        """Quality, cost and arm [seeds, n] of one phase, prompts in ascending order."""
        span, columns = self.spans[number], []
        for run in found:
            back = np.argsort(run.row[span], kind="stable")
            columns.append([run.quality[span][back], run.cost_usd[span][back], run.arm[span][back]])
        table = np.array(columns).transpose(1, 0, 2)
        return table[0], table[1], table[2]

    def gains(self, runs: Runs, primary: str, budgets: Sequence[str]) -> pd.DataFrame:
        """Quality of the primary learner above each other's after the first phase.

        Phases count alike; p-values are Holm-corrected over all rows.
        """
        others = [name for name in dict.fromkeys(n for n, _ in runs) if name != primary]
        rows = []
        for other in others:
            for budget in budgets:
                means = [self._means(runs, (primary, other), budget, k) for k in (1, 2)]
                point = float(np.mean([m.point[0] - m.point[1] for m in means]))
                draws = np.mean([m.draws[:, 0] - m.draws[:, 1] for m in means], axis=0)
                gain = Estimate.from_draws(point, draws)
                rows.append({
                    "over": other, "budget": budget, "gain": gain.point, "gain_low": gain.low,
                    "gain_high": gain.high, "p_value": p_value(draws),
                })  # fmt: skip
        frame = pd.DataFrame(rows)
        if len(frame):
            frame["p_value"] = holm(frame["p_value"].to_numpy())
        return frame

    def _means(self, runs: Runs, names: tuple[str, str], budget: str, number: int) -> Any:
        """On the seeds that both have run: the first ones."""
        both = [runs[name, budget] for name in names]
        seeds = min(map(len, both))
        tables = [self.by_prompt(found[:seeds], number)[0] for found in both]
        return self._boot(number, seeds).means(np.stack(tables))

    def _boot(self, number: int, seeds: int) -> TwoWayBootstrap:
        if (number, seeds) not in self._boots:
            self._boots[number, seeds] = TwoWayBootstrap(
                self.world.prepared.groups[self.parts[number]], n_seeds=seeds,
                rng=np.random.default_rng(0), draws=self.draws,
            )  # fmt: skip
        return self._boots[number, seeds]

    def adaptation(self, runs: Runs, budgets: Sequence[str]) -> pd.DataFrame:
        """Requests after each change until quality is what the best learner settles at."""
        rows = []
        names = list(dict.fromkeys(name for name, _ in runs))
        for budget in budgets:
            for number in range(1, len(self.parts)):
                span = self.spans[number]
                curves = {n: curve(runs[n, budget], "quality")[span] for n in names}
                half = len(next(iter(curves.values()))) // 2
                level = max(float(one[half:].mean()) for one in curves.values())
                rows += [
                    {"learner": n, "budget": budget, "phase": number + 1, "level": level,
                     "requests": reached(one, level - WITHIN)}
                    for n, one in curves.items()
                ]  # fmt: skip
        return pd.DataFrame(rows)


def curve(found: Sequence[Taken], name: str) -> Floats:
    """Mean over seeds of a column, request by request."""
    return np.asarray(np.mean([getattr(run, name) for run in found], axis=0))


def reached(values: Floats, level: float) -> float:
    """Requests until a whole window's mean is at a level; infinite where none is."""
    means = moving_average(values, min(WINDOW, len(values)))[min(WINDOW, len(values)) - 1 :]
    back = np.flatnonzero(means >= level)
    return float(back[0]) if len(back) else math.inf


def adoption(chosen: Floats, *, window: int = 100, share: float = 0.1, hold: int = 50,
             skip: int = 0) -> float:  # fmt: skip
    """The request, from 1, at which an arm's share of the last `window` is reached and held.

    chosen: [m] of 0 and 1, from the arm's arrival on; the first `skip` shares do not count. As in
    ParetoBandit's experiment 04, which skips the 20 requests that were forced on the arm and the
    window after them. Infinite where it is not held for `hold` requests.
    """
    enough = moving_average(chosen, window)[skip:] >= share
    if len(enough) < hold:
        return math.inf
    held = np.lib.stride_tricks.sliding_window_view(enough, hold).all(axis=1)
    found = np.flatnonzero(held)
    return float(found[0] + 1 + skip) if len(found) else math.inf
