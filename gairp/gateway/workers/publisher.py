"""When copies of a learner's state go to the workers, and which."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator

from gairp.gateway.learners.house import House
from gairp.gateway.learners.served import Served
from gairp.gateway.workers.wire import Features, State
from gairp.policies.base import BasePolicy
from gairp.policies.wrapper import PolicyWrapper


class Publisher:
    """A state is told after `learns` updates, or `after_s` seconds after the first of fewer."""

    def __init__(
        self,
        house: House,
        *,
        learns: int,
        after_s: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._house, self._learns, self._after_s, self._now = house, learns, after_s, now
        self._changed: dict[str, float] = {}  # learner -> since when
        self._told: dict[str, State] = {}
        self._features: dict[str, str] = {}  # learner -> fingerprint
        self._builders: dict[str, Features] = {}  # by fingerprint

    def touched(self, served: Served) -> None:
        """Something was learned or observed."""
        if changes(served.policy):
            self._changed.setdefault(served.learner, self._now())

    def due(self) -> list[Features | State]:
        """What is to be told now; nothing of the journal may be left unwritten."""
        found: list[Features | State] = []
        for served in self._house.learners.values():
            before = self._told.get(served.learner)
            if before is not None and not self._is_due(served, before):
                continue
            if before is None:
                found += self._builder(served)
            state = self._taken(served)
            self._changed.pop(served.learner, None)
            same = before is not None and before.state == state.state
            if before is None or not same or before.in_charge != state.in_charge:
                self._told[served.learner] = state
                found.append(state)
        if found:
            self._house.ink.journal.sync_now()  # a copy must not outlive what it learned from
        return found

    def all(self) -> Iterator[Features | State]:
        """What was told last of each, for one who comes later; those in charge at the end."""
        yield from self._builders.values()
        yield from sorted(self._told.values(), key=lambda state: state.in_charge)

    def _builder(self, served: Served) -> list[Features | State]:
        name = self._features[served.learner] = served.builder.fingerprint()
        if name in self._builders:
            return []
        told = Features(fingerprint=name, builder=pickle.dumps(served.builder))
        self._builders[name] = told
        return [told]

    def _is_due(self, served: Served, before: State) -> bool:
        if before.in_charge != self._in_charge(served):
            return True
        since = self._changed.get(served.learner)
        if since is None:
            return False
        fresh = served.policy.state_version - before.updates
        return fresh >= self._learns or self._now() - since >= self._after_s

    def _in_charge(self, served: Served) -> bool:
        return self._house.find(served.name) is served

    def _taken(self, served: Served) -> State:
        policy = served.policy
        return State(
            recipe=served.recipe,
            version=served.version,
            in_charge=self._in_charge(served),
            as_of=self._house.ink.seq,
            updates=policy.state_version,
            state=policy.save() if policy.restorable else None,
            features=self._features[served.learner],
        )


def changes(policy: BasePolicy) -> bool:
    """Whether anything that happens can change how it decides."""
    while isinstance(policy, PolicyWrapper) and type(policy).observe is PolicyWrapper.observe:
        policy = policy.policy
    return policy.learns or type(policy).observe is not BasePolicy.observe
