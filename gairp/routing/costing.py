"""What a call of each arm may cost at most, is expected to cost, and did cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from gairp.errors import ConfigError, PriceError
from gairp.pricing import PriceCatalogue
from gairp.pricing.bound import call_bound
from gairp.pricing.cost import call_cost
from gairp.pricing.price import Price
from gairp.routing.event_log import billing_of
from gairp.types import Arm, Decision, Request, Response, Usage

Compose = Callable[[Request, Arm], Mapping[str, Any]]
_BYTES_A_TOKEN = 4.0  # of English; only the expectation uses it, never the bound
_HOUR_S = 3600.0
_NEWEST = 0.05  #: weight of the newest answer in the mean output length
#: Fields of a body, beside messages and tools, that servers put into the prompt.
_PROMPTED = ("response_format", "functions", "documents", "prediction", "web_search_options")
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


class Bound(NamedTuple):
    """An upper bound of one call."""

    usd: float
    tokens: int


class Costing:
    """Prices calls at the prices in force on one day.

    An answer is billed at the price of the model that answered. Where that one is in no price
    list, it is billed as the arm that was asked, and counted in `unpriced`: a run must not die of
    a new name, and must not hide it. An arm without a price is a PriceError when this is made,
    unless `needed` is False: its costs are then unknown.

    With `usd_per_core_hour` an answer that tells its processor seconds (the signal `compute_s` of a
    metered server of one's own) costs these at that price, and no tokens. Nobody knows them
    beforehand, so that there is no bound in USD of such a call.
    """

    def __init__(
        self,
        *,
        arms: Mapping[str, Arm],
        catalogue: PriceCatalogue,
        as_of: date,
        compose: Compose,
        needed: bool = True,
        usd_per_core_hour: float | None = None,
    ) -> None:
        self.usd_per_core_hour = usd_per_core_hour
        self.arms, self.catalogue, self.as_of, self.compose = dict(arms), catalogue, as_of, compose
        self.unpriced: Counter[str] = Counter()  #: answering models without a price: answers
        self._prices = {name: self._of_arm(arm, needed) for name, arm in arms.items()}
        self._answering: dict[tuple[str, str], Price | None] = {}
        self._output: dict[str, float] = {}  # mean output tokens of each arm

    @property
    def prices(self) -> dict[str, Price]:
        """The price of each arm that has one."""
        return {name: price for name, price in self._prices.items() if price is not None}

    def bound(self, request: Request, name: str) -> Bound:
        """At most this much for one call, if the server honours max_tokens.

        NaN USD unpriced, and where processor time is paid for.
        """
        body = self.compose(request, self.arms[name])
        price, count = self._prices[name], int(body.get("best_of") or body.get("n") or 1)
        usd, tokens = call_bound(
            price or _UNKNOWN,
            body["messages"],
            _max_tokens(body, name),
            n=count,
            tools=body.get("tools"),
            extra=[body[key] for key in _PROMPTED if key in body] or None,
            context_window=self.arms[name].context_window,
        )
        unknown = price is None or self.usd_per_core_hour is not None
        return Bound(math.nan if unknown else usd, tokens)

    def expected(self, request: Request, name: str) -> float:
        """USD that one call costs on average; an estimate, NaN unpriced."""
        price = self._prices[name]
        if price is None or self.usd_per_core_hour is not None:
            return math.nan
        body = self.compose(request, self.arms[name])
        output = self._output.get(name, 0.5 * _max_tokens(body, name))
        return call_cost(price, _text(body) / _BYTES_A_TOKEN, output)

    def fits(self, request: Request, name: str) -> bool:
        """Whether prompt and answer fit the arm's context window, as far as can be told."""
        window = self.arms[name].context_window
        if window is None:
            return True
        body = self.compose(request, self.arms[name])
        return _text(body) / _BYTES_A_TOKEN + _max_tokens(body, name) <= window

    def bill(self, decision: Decision, response: Response) -> float:
        """USD of one call; 0 where nothing is charged, NaN where it cannot be known."""
        billing = billing_of(response)
        if billing in ("free", "cached"):
            return 0.0
        usage, name = response.usage, decision.arm
        if self.usd_per_core_hour is not None and "compute_s" in response.signals:
            return self.cost(name, usage, response.signals)
        if math.isnan(usage.input_tokens) or math.isnan(usage.output_tokens):
            return math.nan
        if billing == "billed":
            old = self._output.get(name, usage.output_tokens)
            self._output[name] = old + _NEWEST * (usage.output_tokens - old)
        price = self._price_of(response.model, name)
        if price is None:
            return math.nan
        cached = min(usage.cached_tokens, usage.input_tokens)
        return call_cost(price, usage.input_tokens, usage.output_tokens, cached)

    def cost(self, name: str, usage: Usage, signals: Mapping[str, float]) -> float:
        """USD of an answer of this arm's own model, whoever was billed; NaN unpriced."""
        if self.usd_per_core_hour is not None and "compute_s" in signals:
            return signals["compute_s"] * self.usd_per_core_hour / _HOUR_S
        price = self._prices[name]
        if price is None:
            return math.nan
        cached = min(usage.cached_tokens, usage.input_tokens)
        return call_cost(price, usage.input_tokens, usage.output_tokens, cached)

    def _price_of(self, model: str, name: str) -> Price | None:
        """Of the model that answered; of the arm where that one is not listed."""
        key = (model, name)
        if key not in self._answering:
            self._answering[key] = self._listed(model, name)
        price = self._answering[key]
        if price is None:
            self.unpriced[model] += 1
            return self._prices[name]
        return price

    def _listed(self, model: str, name: str) -> Price | None:
        arm = self.arms[name]
        if model in ("", arm.model):
            return self._prices[name]
        try:
            return self.catalogue.price(model, as_of=self.as_of)
        except PriceError:
            return None

    def _of_arm(self, arm: Arm, needed: bool) -> Price | None:
        try:
            return self.catalogue.price(arm.price_key or arm.model, as_of=self.as_of)
        except PriceError:
            if needed:
                raise
            return None


_UNKNOWN = Price(
    model="", input_usd_per_mtok=0.0, output_usd_per_mtok=0.0, source="none", valid_from=None
)


def _text(body: Mapping[str, Any]) -> int:
    return sum(len(str(message.get("content") or "")) for message in body["messages"])


def _max_tokens(body: Mapping[str, Any], name: str) -> int:
    for key in _LIMITS:
        if body.get(key) is not None:
            return int(body[key])
    raise ConfigError(
        f"arm {name!r} sends no max_tokens, so nobody can say what a call may cost; set "
        f"live.arms.{name}.recipe.params.max_tokens or live.params.max_tokens"
    )
