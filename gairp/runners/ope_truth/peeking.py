"""Looking after every request: does a sequence ever miss, does the gate ever promote wrongly?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gairp.ope.bets import log_capital_path
from gairp.ope.contrast import Side
from gairp.ope.gate import Gate, Measured
from gairp.ope.plug_in import plug_in_sequence
from gairp.ope.sequence import running_means
from gairp.runners.ope_truth.loggers import Logger, Streams
from gairp.runners.ope_truth.world import World
from gairp.types import Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Miscoverage:
    """Whether a confidence sequence is ever wrong, at any of n times."""

    world: World
    logger: Logger
    target: Floats
    n: int
    alpha: float = 0.05

    def run(self, streams: int, rng: np.random.Generator) -> Floats:
        """[streams, 2]: 1 where the betting, the plug-in sequence ever missed the truth."""
        log, truth = (
            self.logger.draw(self.world, streams, self.n, rng), self.world.value(self.target)
        )  # fmt: skip
        w, r, bar = log.weights(self.target), log.rewards, math.log(2.0 / self.alpha)
        above = log_capital_path(w * r - truth) >= bar
        below = log_capital_path(w * (1.0 - r) - (1.0 - truth)) >= bar
        plug_in = [plug_in_sequence(*one, alpha=self.alpha) for one in zip(w, r, strict=True)]
        missed = [bool(((low > truth) | (high < truth)).any()) for low, high in plug_in]
        return np.column_stack([(above | below).any(axis=1), missed]).astype(np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gating:
    """When the gate says what, on streams that it looks at after every request."""

    world: World
    logger: Logger
    champion: Floats
    challenger: Floats
    n: int
    gate: Gate

    def run(self, streams: int, rng: np.random.Generator) -> Floats:
        """[streams, 2]: 1 promote, −1 keep, 0 neither; the row of the answer, NaN for neither."""
        log = self.logger.draw(self.world, streams, self.n, rng)
        verdicts = [self.gate.decide(self.measured(log, i)) for i in range(streams)]
        codes = {"promote": 1.0, "keep": -1.0, "not enough data": 0.0}
        rows = [math.nan if it.row is None else float(it.row) for it in verdicts]
        return np.column_stack([[codes[it.answer] for it in verdicts], rows])

    def measured(self, log: Streams, i: int) -> Measured:
        """What the evaluation of an interaction log hands to the gate, of one stream."""
        q = running_means(log.actions[i], log.rewards[i], len(self.world.arms))

        def side(policy: Floats) -> Side:
            given = policy[log.categories[i]]
            ratio = policy[log.categories[i], log.actions[i]] / log.propensities[i]
            return Side(weights=ratio, expected=(given * q).sum(axis=1))

        return Measured(
            name="quality",
            values=log.rewards[i],
            modelled=q[np.arange(self.n), log.actions[i]],
            challenger=side(self.challenger),
            champion=side(self.champion),
        )
