"""All models' servers, in virtual time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gairp.backends.recorded import RecordedPrompt
from gairp.errors import ConfigError, UnknownNameError
from gairp.replay.capacity.fitted import Fitted
from gairp.replay.capacity.pool import ServerPool
from gairp.replay.capacity.service import Recorded, Seconds, Service
from gairp.rng import DecisionRng
from gairp.routing.load_board import LoadBoard


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many calls each model answers at once, and how long it takes."""

    places: int = 4  #: calls that a model answers at once
    queue: int | None = None  #: calls that wait at most, others get 429; null: any number
    rate_limit: float | None = None  #: calls a minute before 429; null: any number
    #: share that each further call under way adds to an answer's time between tokens, as when one
    #: batch serves them all; it is fixed when the answer begins
    slowdown: float = 0.0
    #: arm -> settings that differ: places, queue, rate_limit
    pools: Mapping[str, Mapping[str, Any]] | None = None
    service: Service | None = None  #: law of the time that an answer takes; null: as recorded

    def __post_init__(self) -> None:
        if self.places < 1 or not self.slowdown >= 0 or (self.queue or 0) < 0:
            raise ConfigError(
                f"capacity: places {self.places}, queue {self.queue}, slowdown {self.slowdown}; "
                "give one place or more, and the others from 0"
            )
        if self.rate_limit is not None and not self.rate_limit > 0:
            raise ConfigError(f"capacity.rate_limit is {self.rate_limit}; give calls a minute")

    def fleet(self, arms: tuple[str, ...], *, seed: int) -> Fleet:
        """The servers, idle; UnknownNameError for a pool of no arm."""
        for name in self.pools or {}:
            if name not in arms:
                raise UnknownNameError("arm in capacity.pools", name, arms)
        plain = {"places": self.places, "queue": self.queue, "rate_limit": self.rate_limit}
        pools = {arm: ServerPool(**{**plain, **(self.pools or {}).get(arm, {})}) for arm in arms}
        service = self.service or Recorded()
        if isinstance(service, Fitted):
            service.named(arms)
        return Fleet(pools, service, slowdown=self.slowdown, seed=seed)


class Fleet:
    """Pools of all arms, and what a policy may know of their load."""

    def __init__(
        self, pools: Mapping[str, ServerPool], service: Service, *, slowdown: float, seed: int
    ) -> None:
        self.pools, self.service = dict(pools), service
        self.slowdown, self.seed = slowdown, seed
        #: in flight are the calls on a place, queued those that wait
        self.board = LoadBoard({arm: arm for arm in pools})

    def seconds(
        self, prompt: RecordedPrompt, arm: str, column: int, *, reused: float = 0.0
    ) -> Seconds:
        """Of a call that begins now; `reused` of its prompt is in the prefix cache already."""
        key = f"service/{prompt.request_id}/{arm}" if self.service.draws else ""
        rng = DecisionRng(self.seed, key)
        alone = self.service.seconds(prompt, column, rng)
        if not (self.slowdown or reused):
            return alone
        first, total = alone
        rest = total - first
        if self.slowdown:
            rest *= 1.0 + self.slowdown * (self.pools[arm].busy - 1)
        first *= 1.0 - reused
        return first, first + rest
