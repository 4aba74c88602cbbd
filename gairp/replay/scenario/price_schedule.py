"""A model's price follows a calendar: steps of one's own, or dated list prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest
from typing import Any

from gairp.errors import ConfigError
from gairp.pricing import load_catalogue
from gairp.replay.scenario.event import Event
from gairp.replay.scenario.price_change import PriceChange
from gairp.replay.scenario.stage import Stage


@dataclass(frozen=True, kw_only=True)
class PriceSchedule(Event):
    """Published prices of one arm, step by step; each step's factor is of the recorded price.

    Either `steps`, or `model` with a first and a last day: then the requests are spread evenly
    over these days, and every change of that model's list price on the way is a step. Input and
    output price are averaged three to one, as in most requests there is more to read.
    """

    arm: str = "best"  #: an arm, or a role: best, second, worst, cheapest, dearest
    steps: Sequence[Mapping[str, Any]] = ()  #: e.g. [{at: {share: 0.3}, factor: 0.5}]
    model: str | None = None  #: as the price tables call it
    first: str | None = None  #: day of the first request, such as 2024-11-01
    last: str | None = None  #: day of the last one
    prices: Mapping[str, Any] | None = None  #: as `trace.prices`: user_files, tables_dir, genai

    def bound(self, stage: Stage) -> tuple[Event, ...]:
        """A change of price for each step, which ends where the next begins."""
        if (self.model is None) == (not self.steps):
            raise ConfigError("scenario.price_schedule: give either steps, or model, first, last")
        steps = self.steps or self._dated()
        arm = stage.arm(self.arm)
        ends = [step["at"] for step in steps[1:]]
        return tuple(
            PriceChange(arm=arm, factor=float(step["factor"]), start=step["at"], end=end)
            for step, end in zip_longest(steps, ends)
        )

    def _dated(self) -> list[dict[str, Any]]:
        """Each day on which the list price changes, as a share of the requests."""
        if self.first is None or self.last is None:
            raise ConfigError("scenario.price_schedule: model needs first and last, two days")
        begin, end = date.fromisoformat(str(self.first)), date.fromisoformat(str(self.last))
        if not begin < end:
            raise ConfigError(f"scenario.price_schedule: last {end} is not after first {begin}")
        catalogue = load_catalogue(**(self.prices or {}))

        def price(day: date) -> float:
            found = catalogue.price(str(self.model), as_of=day)
            return 0.75 * found.input_usd_per_mtok + 0.25 * found.output_usd_per_mtok

        days, base = (end - begin).days, price(begin)
        steps: list[dict[str, Any]] = []
        for number in range(1, days + 1):
            factor = price(begin + timedelta(days=number)) / base
            if factor != (steps[-1]["factor"] if steps else 1.0):
                steps.append({"at": {"share": number / days}, "factor": factor})
        return steps
