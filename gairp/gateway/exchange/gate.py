"""Which arms may be asked now. The money for a call is held by the driver, who may wait for it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gairp.gateway.exchange.alarms import Alarms
from gairp.gateway.exchange.health import Health
from gairp.gateway.exchange.peek import Peek
from gairp.gateway.exchange.request import GatewayRequest
from gairp.gateway.exchange.tariff import Tariff
from gairp.policies.candidates import keep
from gairp.protocols import Clock
from gairp.routing.breaker import Breakers
from gairp.routing.cooldown import Cooldowns
from gairp.routing.outliers import Outliers
from gairp.routing.steps import Call
from gairp.types import Arm, Context, Request, Response

_NOT_BEGUN = (0, 0.0, 0)
_UNKNOWN = (None, math.nan, 0)


class GatewayGate:
    """What the router asks before and after each call.

    An arm is left out while its model's breaker is open, while it cools down or is ejected (retries
    of a call that was made are for the router to time), where it lacks a capability that the
    request needs, where prompt and answer do not fit its window, and where one call might cost
    more than the principal's budgets have left. Once bytes have gone to the client, or its time is
    over, no arm is left.
    """

    def __init__(
        self,
        *,
        arms: Mapping[str, Arm],
        tariff: Tariff,
        breakers: Breakers,
        clock: Clock,
        health: Health | None = None,
    ) -> None:
        """`health` knows the arms that are left alone for a while."""
        self.arms, self.tariff, self.breakers, self.clock = dict(arms), tariff, breakers, clock
        self.health = health or Health(Cooldowns(), Outliers(list(arms)))
        self._alarms = Alarms(breakers, self.health.outliers)
        self._windows = any(arm.context_window is not None for arm in self.arms.values())
        #: calls under way: what the breaker said when they began, USD and tokens at most
        self._begun: dict[str, tuple[int, float, int]] = {}

    def narrow(self, request: Request, context: Context, tried: frozenset[str]) -> Context:
        """The candidates that may be asked now."""
        assert isinstance(request, GatewayRequest)
        if request.flight.committed or request.flight.expired or request.flight.gone:
            return keep(context, [])
        left = math.inf if context.budget is None else context.budget.left_usd
        if self._open_to_all(request.peek, context, left, tried):
            return context
        now, allows, peek = self.clock.now(), self.breakers.allows, request.peek
        needs, health, most = peek.needs, self.health, context.max_cost.tolist()
        columns = []
        for i, name in enumerate(context.candidates):
            arm = self.arms[name]
            if name in tried or not allows(arm.model, now):
                continue
            if health.left_s(name, now):
                continue
            if needs and arm.capabilities and not needs <= arm.capabilities:
                continue
            if arm.context_window is not None and not self.tariff.fits(peek, name):
                continue
            if left == math.inf or most[i] <= left:
                columns.append(i)
        return keep(context, columns)

    def _open_to_all(
        self, peek: Peek, context: Context, left: float, tried: frozenset[str]
    ) -> bool:
        """Whether nothing speaks against any candidate: the rule, told without a look at each."""
        if tried or peek.needs or self._windows or not self.breakers.all_closed:
            return False
        if left != math.inf:
            for usd in context.max_cost.tolist():
                if not usd <= left:
                    return False
        return self.health.well(self.clock.now())

    def why(self, request: GatewayRequest, context: Context) -> dict[str, str]:
        """Why each candidate may not be asked now; only for those that may not."""
        left = math.inf if context.budget is None else context.budget.left_usd
        reasons = {
            name: self._reason(request, name, float(context.max_cost[i]), left)
            for i, name in enumerate(context.candidates)
        }
        return {name: reason for name, reason in reasons.items() if reason}

    def soonest_s(self, context: Context) -> float:
        """Seconds until the first of the candidates is no longer left alone."""
        now = self.clock.now()
        return min((self.health.left_s(name, now) for name in context.candidates), default=0.0)

    def _reason(self, request: GatewayRequest, name: str, max_usd: float, left: float) -> str:
        arm, peek, now = self.arms[name], request.peek, self.clock.now()
        if why := self.health.why(name, now):
            return why
        if not self.breakers.allows(arm.model, now):
            return f"the breaker of model {arm.model!r} is open"
        if peek.needs and arm.capabilities and not peek.needs <= arm.capabilities:
            return f"cannot do: {', '.join(sorted(peek.needs - arm.capabilities))}"
        if not self.tariff.fits(peek, name):
            return f"the prompt does not fit its window of {arm.context_window} tokens"
        if left != math.inf and math.isnan(max_usd):
            return "has no price, which a budget in USD needs; the operator can give it one"
        if not (left == math.inf or max_usd <= left):
            return f"may cost {max_usd:.6f} USD, and {left:.6f} are left of the budget"
        return ""

    def reserve(self, call: Call) -> bool:
        """Whether this call may be made; False where the client or its time is gone."""
        request = call.request
        assert isinstance(request, GatewayRequest)
        flight = request.flight
        if flight.committed or flight.expired or flight.gone:
            return False
        name, now = call.decision.arm, self.clock.now()
        model = self.arms[name].model
        if call.number and not self.breakers.allows(model, now):
            return False
        i = self.tariff.index[name]
        tokens = flight.max_tokens[i]
        self._begun[call.id] = (
            self.breakers.started(model, now),
            flight.max_usd[i],
            int(tokens) if math.isfinite(tokens) else 0,
        )
        return True

    def reserved(self, call_id: str) -> tuple[float, int]:
        """What is held for a call that is under way, in USD and tokens."""
        return self._begun.get(call_id, _NOT_BEGUN)[1:]

    def settle(self, call: Call, response: Response, cost_usd: float) -> float:
        """The call has ended."""
        model, error = self.arms[call.decision.arm].model, response.error
        begun, usd, _ = self._begun.pop(call.id, _UNKNOWN)
        now = self.clock.now()
        if response.cached or response.finish_reason == "client_disconnected":
            self.breakers.of(model).cancelled(now, begun=begun)
        else:
            self.breakers.ended(model, error, now, begun=begun)
            self.health.ended(call.decision.arm, error, now)
            self._alarms.ended(call.decision.arm, model, error, now)
        unknown = error is not None and error.billing_unknown
        if unknown and math.isnan(cost_usd):
            cost_usd = usd  # what was reserved must be assumed
        flight = call.request.flight  # type: ignore[attr-defined]
        flight.settled.append((call.id, None if unknown else cost_usd))
        return cost_usd

    def abandon(self, call: Call) -> None:
        """Nobody waits for this call any more; what it cost is unknown."""
        model = self.arms[call.decision.arm].model
        begun = self._begun.pop(call.id, _UNKNOWN)[0]
        call.request.flight.settled.append((call.id, None))  # type: ignore[attr-defined]
        self.breakers.of(model).cancelled(self.clock.now(), begun=begun)
