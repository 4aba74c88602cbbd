"""What happens on the test prompts: ParetoBandit's three experiments with a world that changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.replay.scenario.moment import Moment, Scene
from gairp.replay.scenario.scenario import Scenario
from gairp.replay.scenario.stage import Stage
from gairp.runners.replay.prepared import Prepared
from gairp.runners.world.job import built

Ints = NDArray[np.int64]

_SPLIT_SEED = 42  #: of the permutation that splits ParetoBandit's test prompts into phases


@dataclass(frozen=True, slots=True)
class ChangingWorld:
    """Prompts in phases, and the events between them.

    phases: requests of a phase; null: one phase of all test prompts, in which nothing changes but
        that the arm `arrives`, which no learner has met on validation, is there.
    events: scenario events, by request number of the test stream.
    """

    name: str
    prepared: Prepared
    phases: int | None
    events: Sequence[Mapping[str, Any]] = ()
    arrives: str | None = None

    @property
    def before(self) -> Prepared:
        """What learners see on validation."""
        return self.prepared.without([self.arrives] if self.arrives else [])

    @property
    def parts(self) -> tuple[Ints, ...]:
        """Rows of each phase. The third has the prompts of the first again, as published.

        Raises ConfigError where there are not enough test prompts.
        """
        rows = self.prepared.rows("test")
        if self.phases is None:
            return (rows,)
        mixed = rows[np.random.default_rng(_SPLIT_SEED).permutation(len(rows))]
        if 2 * self.phases > len(rows):
            raise ConfigError(
                f"runner.phase is {self.phases}, but two phases need {2 * self.phases} test "
                f"prompts and there are {len(rows)}; give less"
            )
        first, second = mixed[: self.phases], mixed[self.phases : 2 * self.phases]
        return first, second, first

    def stream(self, seed: int) -> Ints:
        """Rows in the order of a seed, each phase shuffled on its own."""
        rng = np.random.default_rng([seed, 4])
        return np.concatenate([rng.permutation(part) for part in self.parts])

    def scenario(self, requests: int) -> Scenario:
        """The events, on a stream of so many requests."""
        nothing = np.zeros(len(self.prepared.arms))
        stage = Stage.of(self.prepared.arms, nothing, nothing, requests=requests)
        return Scenario(built(self.events), stage)

    def tables(self) -> tuple[Ints, Any, Any]:
        """Rows [n], quality [n, k] and cost [n, k] of a stream in the order of the phases."""
        rows = np.concatenate(self.parts)
        scenario, table = self.scenario(len(rows)), self.prepared.outcomes
        quality, cost = np.empty((2, len(rows), len(table.arms)))
        unit = self.prepared.expected_cost("validation")
        scene = Scene(
            columns={arm: i for i, arm in enumerate(table.arms)}, expected_cost=unit,
            max_cost=unit, seed=0,
        )  # fmt: skip
        for number, prompt in enumerate(table.prompts(rows)):
            moment = Moment(prompt, scene, number=number, now=0.0)
            scenario.play(moment)
            quality[number], cost[number] = moment.done().quality, moment.done().cost_usd
        return rows, quality, cost
