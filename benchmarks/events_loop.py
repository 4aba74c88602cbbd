"""The replay with queues and feedback that comes late, beside the plain one of the same policy."""

from __future__ import annotations

from typing import Any

from benchmarks.engine_loop import EngineLoop
from gairp.replay.arrivals import Poisson
from gairp.replay.capacity.fleet import Capacity
from gairp.replay.engine import Replay
from gairp.replay.feedback.delay import Delay
from gairp.replay.feedback.told import Channel
from gairp.replay.scenario.scenario import Scenario
from gairp.replay.scenario.stage import Stage
from gairp.replay.world import WorldReplay

#: Of virtual time: with them about 25 requests are under way, and 125 pieces of feedback.
RATE, PLACES, DELAY_S = 25.0, 4, 5.0


class EventsLoop(EngineLoop):
    """The same requests as a Poisson process at servers with few places, and delayed feedback."""

    def engine(self, **shared: Any) -> Replay:
        """Everything on that overlaps requests."""
        problem = self.problem
        stage = Stage.of(
            problem.arms, problem.quality.mean(axis=0), problem.expected_cost,
            requests=len(problem.request_ids),
        )  # fmt: skip
        return WorldReplay(
            scenario=Scenario((), stage),
            fleet=Capacity(places=PLACES).fleet(problem.arms, seed=0),
            channel=Channel([Delay(law="exponential", mean_s=DELAY_S)], stage, seed=0),
            arrivals=Poisson(rate=RATE, seed=0),
            **shared,
        )
