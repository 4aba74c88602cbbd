"""The gate: which arms may be asked now, and the money that is held while they answer."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from gairp.policies.candidates import keep
from gairp.protocols import Clock
from gairp.routing.breaker import Breakers
from gairp.routing.costing import Bound, Costing
from gairp.routing.load_board import LoadBoard
from gairp.routing.spend import SpendCeiling
from gairp.routing.steps import Call
from gairp.types import Arm, Budget, Context, Floats, Request, Response


class Admission:
    """Narrows contexts, reserves before each call and settles after it.

    An arm is left out while its model's breaker is open, where one call might cross the ceiling,
    where it lacks what the request needs (`capabilities` named in `needs`), and for good once it
    has charged more than its bound: a provider that ignores max_tokens is quarantined.
    """

    def __init__(
        self,
        *,
        arms: Mapping[str, Arm],
        costing: Costing,
        ceiling: SpendCeiling,
        breakers: Breakers,
        board: LoadBoard,
        clock: Clock,
        horizon: int | None = None,
    ) -> None:
        self.arms, self.costing, self.ceiling, self.breakers = (
            dict(arms),
            costing,
            ceiling,
            breakers,
        )
        self.board, self.clock, self.horizon = board, clock, horizon
        self.quarantined: dict[str, str] = {}  #: arm -> why
        self._names = tuple(arms)
        self._begun: dict[str, int] = {}
        self._bounds: dict[str, Bound] = {}
        self._seen = 0

    def context(self, request: Request, features: Floats, *, again: bool = False) -> Context:
        """The context of a request, over all arms; `again` where it has come before and waited."""
        self._seen += not again
        names, costing = self._names, self.costing
        return Context(
            request_id=request.id,
            features=features,
            candidates=names,
            expected_cost=np.array([costing.expected(request, name) for name in names]),
            max_cost=np.array([costing.bound(request, name).usd for name in names]),
            now=self.clock.now(),
            load=self.board.load(names),
            budget=self._budget(),
        )

    def reserved(self, call_id: str) -> tuple[float, int]:
        """What is held for a call that is under way, in USD and tokens."""
        return self._bounds.get(call_id, Bound(0.0, 0))

    # -- what the router asks -------------------------------------------------------------

    def narrow(self, request: Request, context: Context, tried: frozenset[str]) -> Context:
        """The candidates that may be asked now."""
        columns = [
            i
            for i, name in enumerate(context.candidates)
            if name not in tried and self.closed(request, name, float(context.max_cost[i])) is None
        ]
        return keep(context, columns)

    def may_reopen(self, request: Request, context: Context) -> bool:
        """Whether no arm may be asked now, and one may be later.

        That is once its breaker lets it, or once calls under way give back what they did not need
        of the money that is held for them.
        """
        if self.narrow(request, context, frozenset()).candidates:
            return False
        costs = dict(zip(context.candidates, context.max_cost.tolist(), strict=True))
        return any(
            self._lacks(request, name, cost, later=True) is None for name, cost in costs.items()
        )

    def closed(self, request: Request, name: str, max_usd: float) -> str | None:
        """Why this arm may not be asked now; None where it may."""
        model = self.arms[name].model
        if not self.breakers.allows(model, self.clock.now()):
            return f"the breaker of model {model!r} is open"
        return self._lacks(request, name, max_usd)

    def _lacks(
        self, request: Request, name: str, max_usd: float, *, later: bool = False
    ) -> str | None:
        """What stands in the way of this arm but for its breaker; `later` counts held money too."""
        arm = self.arms[name]
        if name in self.quarantined:
            return self.quarantined[name]
        missing = needs(request) - arm.capabilities if arm.capabilities else None
        if missing:
            return f"cannot do: {', '.join(sorted(missing))}"
        if not self.costing.fits(request, name):
            return f"the prompt does not fit its window of {arm.context_window} tokens"
        return self._too_dear(request, name, max_usd, later=later)

    def _too_dear(self, request: Request, name: str, max_usd: float, *, later: bool) -> str | None:
        ceiling = self.ceiling
        left_usd = ceiling.left_usd + later * ceiling.reserved_usd
        if ceiling.usd is not None and not max_usd <= left_usd:
            return f"may cost {max_usd:.6f} USD, and {left_usd:.6f} are left"
        if ceiling.tokens is not None:
            tokens = self.costing.bound(request, name).tokens
            left_tokens = ceiling.left_tokens + later * ceiling.reserved_tokens
            if tokens > left_tokens:
                return f"may take {tokens} tokens, and {left_tokens:.0f} are left"
        return None

    def reserve(self, call: Call) -> bool:
        """Hold what the call may cost; a retry is refused while the breaker is open."""
        name, now = call.decision.arm, self.clock.now()
        model = self.arms[name].model
        if call.number and not self.breakers.allows(model, now):
            return False
        bound = self.costing.bound(call.request, name)
        if not self.ceiling.reserve(call.id, bound.usd, bound.tokens, arm=name):
            return False
        self._bounds[call.id] = bound
        self._begun[call.id] = self.breakers.started(model, now)
        return True

    def settle(self, call: Call, response: Response, cost_usd: float) -> float:
        """Settle by what is known: billed, free, or nobody can say (what was held stays held).

        Returns the cost to report: that of the tokens that arrived where a call broke off, and
        what was reserved where not even these are known.
        """
        bound = self._bounds.pop(call.id)
        self._heard(call, response)
        error = response.error
        if error is not None and error.billing_unknown:
            self.ceiling.keep(call.id)
            return bound.usd if math.isnan(cost_usd) and self._priced(call) else cost_usd
        if response.cached or error is not None:
            self.ceiling.release(call.id)
            return cost_usd
        usage = response.usage
        tokens = usage.input_tokens + usage.output_tokens
        if not self.ceiling.settle(call.id, cost_usd, tokens):
            self._quarantine(call, bound, cost_usd, tokens)
        return cost_usd

    def abandon(self, call: Call) -> None:
        """Cancelled: it may have been answered and billed, so what was held stays held."""
        self._bounds.pop(call.id, None)
        self.ceiling.keep(call.id)
        model = self.arms[call.decision.arm].model
        self.breakers.of(model).cancelled(self.clock.now(), begun=self._begun.pop(call.id, None))

    # -- inside ---------------------------------------------------------------------------

    def _priced(self, call: Call) -> bool:
        return call.decision.arm in self.costing.prices

    def _heard(self, call: Call, response: Response) -> None:
        model = self.arms[call.decision.arm].model
        begun, now = self._begun.pop(call.id, None), self.clock.now()
        if response.cached:  # the model was not asked
            self.breakers.of(model).cancelled(now, begun=begun)
        else:
            self.breakers.ended(model, response.error, now, begun=begun)

    def _quarantine(self, call: Call, bound: Bound, usd: float, tokens: float) -> None:
        name = call.decision.arm
        self.quarantined[name] = (
            f"quarantined: call {call.id} charged {usd:.6f} USD and {tokens:.0f} tokens, above its "
            f"bound of {bound.usd:.6f} USD and {bound.tokens} tokens: does it ignore max_tokens?"
        )

    def _budget(self) -> Budget | None:
        total = self.ceiling.usd
        if total is None:
            return None
        left = 1.0 if not self.horizon else max(0.0, 1.0 - (self._seen - 1) / self.horizon)
        return Budget(left_usd=self.ceiling.left_usd, total_usd=total, horizon_left=left)


def needs(request: Request) -> frozenset[str]:
    """What an arm must be able to do: "tools", "vision", "audio", "json_schema"."""
    found = set[str]()
    if request.params.get("tools"):
        found.add("tools")
    if (request.params.get("response_format") or {}).get("type") == "json_schema":
        found.add("json_schema")
    for message in request.messages:
        content = message.get("content")
        if isinstance(content, list):
            kinds = {part.get("type") for part in content}
            found |= {"vision"} if "image_url" in kinds else set()
            found |= {"audio"} if "input_audio" in kinds else set()
    return frozenset(found)
