"""A worker's learners: copies that decide, and that the learner's process replaces."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

from gairp.errors import ConfigError
from gairp.features import FeatureBuilder
from gairp.gateway.learners.house import House, Serve
from gairp.gateway.learners.ink import Ink
from gairp.gateway.learners.served import Served, head, learner_name
from gairp.gateway.ledger.left_behind import WORKER
from gairp.gateway.workers.part import Part
from gairp.gateway.workers.wire import Features, State


class Replica(House):
    """Learns nothing and keeps nothing: all that happens is in its journal, which others read."""

    def __init__(
        self,
        *,
        part: Part,
        home: Path,
        ink: Ink,
        serve: Serve,
        clock_now: Callable[[], float],
    ) -> None:
        super().__init__(
            home=home, ink=ink, serve=serve, clock_now=clock_now, facts={WORKER: part.name}
        )
        self._part = part
        self._builders: dict[str, FeatureBuilder] = {}

    def take(self, told: Features | State) -> None:
        """What the learner's process has told."""
        if isinstance(told, Features):
            self._builders[told.fingerprint] = pickle.loads(told.builder)
        else:
            self._take(told)

    def _take(self, state: State) -> None:
        """From now on decisions are drawn from this state; those that were drawn stay.

        Between two steps of the event loop: what a request logs with its decision is of the state
        that it was drawn from.
        """
        name = learner_name(state.recipe.policy, state.version)
        served = self._all.get(name) or self._made(state)
        if state.state is not None:
            served.policy.load(state.state)
        served.log.as_of = state.as_of
        if state.in_charge:
            self._in_charge[served.name] = served

    def snapshot(self, served: Served) -> bool:
        """The learner's process does."""
        return False

    def learn(self, learner: str, decision_id: str, quality: float, source: str) -> bool:
        """Raises ConfigError: feedback goes to the learner's process."""
        raise ConfigError(f"worker {self._part.name} does not learn; ask the learner")

    def _made(self, state: State) -> Served:
        served = self._serve(
            state.recipe, state.version, state.recipe.build(), self._builders[state.features]
        )
        self._all[served.learner] = served
        self.ink.append(head(served, self._facts, state=False))
        self.ink.flush()
        return served
