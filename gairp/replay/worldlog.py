"""What a report of a changing world needs of one run."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gairp.types import Floats, Outcome

if TYPE_CHECKING:
    from gairp.replay.scenario.moment import Moment

Worth = Callable[[Floats, Floats, Floats], Floats]

#: Columns of float64, [m] each.
FLOATS = (
    "propensity", "quality", "told", "told_after_s", "cost_usd", "latency_s", "first_token_s",
    "arrived_at", "utility",
)  # fmt: skip
#: Columns of int64, [m] each.
INTS = ("row", "arm", "segment", "alarms")


class WorldLog:
    """Sink of one row a request, in the order in which requests arrived.

    `worth` turns quality, cost and latency into utility, `segment` a number and a time into the
    part of the scenario, `alarms` says how often the policy has sounded one so far.
    """

    def __init__(
        self,
        *,
        arms: int,
        worth: Worth,
        segment: Callable[[int, float], int],
        alarms: Callable[[], int] = lambda: 0,
    ) -> None:
        self._arms, self._worth, self._segment, self._alarms = arms, worth, segment, alarms
        self._numbers = array("q")
        self._floats = {name: array("d") for name in FLOATS}
        self._ints = {name: array("q") for name in INTS}
        self._utilities = array("d")
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, moment: Moment, outcome: Outcome, *, column: int, quality: float) -> None:
        """One request has ended; `column` is the arm that answered, -1 where none did."""
        prompt = moment.done()
        attempts = outcome.attempts
        first_token = attempts[-1].response.first_token_s if attempts else np.nan
        queued = attempts[-1].response.queue_s if attempts else 0.0
        values = {
            "propensity": attempts[0].decision.propensity if attempts else np.nan,
            "quality": quality,
            "told": np.nan,
            "told_after_s": np.nan,
            "cost_usd": outcome.total_cost_usd,
            "latency_s": outcome.latency_s if attempts else np.nan,
            "first_token_s": first_token + queued,
            "arrived_at": moment.now,
            "utility": np.nan,
        }
        for name, value in values.items():
            self._floats[name].append(value)
        marks = {
            "row": prompt.row,
            "arm": column,
            "segment": self._segment(moment.number, moment.now),
            "alarms": self._alarms(),
        }
        for name, mark in marks.items():
            self._ints[name].append(mark)
        self._places[moment.number] = len(self._numbers)
        self._numbers.append(moment.number)
        self._utilities.extend(self._by_arm(moment).tolist())

    def told(self, number: int, quality: float, after_s: float) -> None:
        """Feedback on this request was delivered."""
        place = self._places[number]
        self._floats["told"][place] = quality
        self._floats["told_after_s"][place] = after_s

    def columns(self) -> dict[str, np.ndarray]:
        """Everything by name; `utilities` is [m, k], what each arm would have been worth."""
        order = np.argsort(np.array(self._numbers), kind="stable")
        found = {name: np.array(values)[order] for name, values in self._floats.items()}
        found |= {name: np.array(values)[order] for name, values in self._ints.items()}
        found["utilities"] = np.array(self._utilities).reshape(-1, self._arms)[order]
        latency = np.where(found["arm"] < 0, 0.0, found["latency_s"])
        found["utility"] = self._worth(found["quality"], found["cost_usd"], latency)
        return found

    def _by_arm(self, moment: Moment) -> Floats:
        prompt = moment.done()
        nothing = np.full(self._arms, np.nan)
        cost = nothing if prompt.cost_usd is None else prompt.cost_usd
        latency = nothing if prompt.latency_s is None else prompt.latency_s
        worth = self._worth(prompt.quality, cost, latency)
        if moment.absent:
            worth = np.array(worth)
            worth[list(moment.absent)] = np.nan
        return worth
