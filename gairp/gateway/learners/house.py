"""All learners of a gateway, the journal they share, and what outlives the process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from gairp.errors import ConfigError
from gairp.features import FeatureBuilder
from gairp.gateway.exchange.target import DIRECT
from gairp.gateway.learners.ink import Ink
from gairp.gateway.learners.intake import Intake
from gairp.gateway.learners.recipe import PolicyRecipe
from gairp.gateway.learners.restore import Restoring, feed_all
from gairp.gateway.learners.served import Served, head, learner_name, require_servable
from gairp.gateway.learners.snapshot import Snapshot, read_snapshot, write_snapshot
from gairp.policies.base import BasePolicy
from gairp.records.events import Event
from gairp.records.reading import read_numbered
from gairp.types import Feedback

FIRST = "1"
_NO_FACTS: Mapping[str, str] = {}
Serve = Callable[[PolicyRecipe, str, BasePolicy, FeatureBuilder], Served]


class House:
    """Serves policies by name; each name has one version in charge.

    Feedback goes to the learner that decided, also after another version took over, as long as its
    joiner remembers the decision.
    """

    def __init__(
        self,
        *,
        home: Path,
        ink: Ink,
        serve: Serve,
        clock_now: Callable[[], float],
        facts: Mapping[str, str] = _NO_FACTS,
    ) -> None:
        """`facts` stand at the head of every learner's log."""
        self._facts = facts
        self.home, self.ink, self._serve, self._now = home, ink, serve, clock_now
        self._in_charge: dict[str, Served] = {}
        self._all: dict[str, Served] = {}  # by name in the log
        self._saved: dict[str, int] = {}  # learner -> state_version of its snapshot
        self.intakes: dict[str, Intake] = {}  #: for events that come from elsewhere, by learner

    # -- coming and going ------------------------------------------------------------------

    def open(
        self,
        wanted: Mapping[tuple[str, str], tuple[PolicyRecipe, FeatureBuilder]],
        *,
        whole: bool = True,
        states: Mapping[str, bytes] | None = None,
    ) -> None:
        """Put these (name, version) in charge, each where the journal left it.

        `whole`: one without a snapshot is looked for in the whole journal. Every learner has a
        snapshot from its first moment, so that this only matters where somebody removed it.
        `states` are what policies, by name, begin with where they never served here.
        """
        made: dict[str, Served] = {}
        restorings: dict[str, Restoring] = {}
        low = self.ink.seq
        for (name, version), (recipe, builder) in wanted.items():
            if name != recipe.policy:
                raise ConfigError(f"policies.{name}: its recipe is named {recipe.policy!r}")
            served = self._serve(recipe, version, recipe.build(), builder)
            snapshot = read_snapshot(self._folder(), served.learner)
            begin_with = (states or {}).get(name)
            if snapshot is None and begin_with is not None:
                served.policy.load(begin_with)
            restorings[served.learner] = Restoring(
                policy=served.policy, joiner=served.joiner, snapshot=snapshot
            )
            served.joiner.log = None  # what is read is not written again
            begin = 0 if whole else self.ink.seq
            low = min(low, begin if snapshot is None else snapshot.low)
            require_servable(served)
            made[served.learner] = served
        if low < self.ink.seq:
            feed_all(restorings, self._past(low))
        for learner, served in made.items():
            restorings[learner].finish()
            self.intakes[learner] = restorings[learner].intake
            served.joiner.log = served.log
            self._take_charge(served)
        self.ink.flush()

    def swap(
        self,
        recipe: PolicyRecipe,
        version: str,
        builder: FeatureBuilder,
        *,
        state: bytes | None = None,
    ) -> Served:
        """Another version of a policy takes over; requests under way end with the one before.

        A version that served before goes on where it stopped; another begins with `state`.
        """
        known = self._all.get(learner_name(recipe.policy, version))
        if known is not None:
            self._in_charge[recipe.policy] = known
            return known
        before = self._in_charge.get(recipe.policy)
        if before is not None:
            self.snapshot(before)
        states = {} if state is None else {recipe.policy: state}
        self.open({(recipe.policy, version): (recipe, builder)}, whole=False, states=states)
        return self._in_charge[recipe.policy]

    def find(self, name: str) -> Served:
        """The version in charge."""
        return self._in_charge[name]

    @property
    def names(self) -> list[str]:
        """Policies that clients may name."""
        return sorted(name for name in self._in_charge if name != DIRECT)

    @property
    def in_charge(self) -> dict[str, Served]:
        """By name."""
        return dict(self._in_charge)

    @property
    def learners(self) -> dict[str, Served]:
        """By name in the log, those that are no longer in charge among them."""
        return dict(self._all)

    # -- learning --------------------------------------------------------------------------

    def learn(self, learner: str, decision_id: str, quality: float, source: str) -> bool:
        """Deliver feedback and log it; False where nobody waits for it (twice, or too late)."""
        served = self._all.get(learner)
        if served is None:
            return False
        delivered = served.joiner.deliver(
            Feedback(
                decision_id=decision_id, quality=quality, source=source, received_at=self._now()
            )
        )
        self.ink.flush()
        return delivered

    # -- what outlives the process ---------------------------------------------------------

    def snapshot(self, served: Served) -> bool:
        """Write the state of one learner where it has changed since."""
        policy = served.policy
        if not policy.learns or self._saved.get(served.learner) == policy.state_version:
            return False
        write_snapshot(self._folder(), self._taken(served))
        self._saved[served.learner] = policy.state_version
        return True

    async def keep_snapshots(self, every_s: float) -> None:
        """Write what has changed, in a thread, until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            for served in list(self._all.values()):
                policy = served.policy
                if policy.learns and self._saved.get(served.learner) != policy.state_version:
                    taken = self._taken(served)
                    await asyncio.to_thread(write_snapshot, self._folder(), taken)
                    self._saved[served.learner] = taken.state_version

    def close(self) -> None:
        """The last snapshots, then the journal."""
        self.ink.flush()
        for served in self._all.values():
            self.snapshot(served)
        self.ink.close()

    def _taken(self, served: Served) -> Snapshot:
        self.ink.flush()
        return Snapshot(
            learner=served.learner,
            seq=self.ink.seq,
            low=self.ink.low,
            state_version=served.policy.state_version,
            state=served.policy.save(),
        )

    def _past(self, low: int) -> Iterator[tuple[int, Event]]:
        for seq, event in read_numbered(self.ink.journal.folder, low):
            self.ink.note(seq, [event])
            yield seq, event

    def _take_charge(self, served: Served) -> None:
        self._all[served.learner] = served
        self._in_charge[served.name] = served
        self.ink.append(head(served, self._facts))
        self.snapshot(served)

    def _folder(self) -> Path:
        return self.home / "snapshots"


def request_ids(prefix: str = "") -> Callable[[], str]:
    """Names for requests: different in every process that ever writes to the journal."""
    start = f"{prefix or 'req-'}{time.time_ns():x}"
    count = 0

    def made() -> str:
        nonlocal count
        count += 1
        return f"{start}-{count:x}"

    return made
