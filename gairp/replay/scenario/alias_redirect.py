"""Behind a name another model answers, and is billed."""

from __future__ import annotations

from dataclasses import dataclass

from gairp.replay.scenario.event import Event
from gairp.replay.scenario.moment import Moment

_QUANTITIES = (
    *("quality", "cost_usd", "latency_s", "first_token_s"),
    *("input_tokens", "output_tokens"),
)


@dataclass(frozen=True, kw_only=True)
class AliasRedirect(Event):
    """Calls to `arm` are answered by `to`, at its quality, price and pace.

    Policies are not told: the expected cost stays that of the name. With a ramp a growing share of
    the calls is redirected.
    """

    arm: str = "best"  #: the name that is asked
    to: str = "cheapest"  #: the arm that answers

    def apply(self, moment: Moment, strength: float) -> None:
        """As the other arm stands after the events before this one."""
        if strength < 1 and moment.uniform() >= strength:
            return
        column, other = moment.column(self.arm), moment.column(self.to)
        for name in _QUANTITIES:
            values = moment.table(name)
            if values is not None:
                values[column] = values[other]
        moment.redirect(self.arm, self.to)
