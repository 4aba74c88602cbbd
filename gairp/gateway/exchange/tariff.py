"""What a call to each arm may cost at most, is expected to cost, and did cost.

As `gairp.routing.costing`, but from the bytes of the body alone and for all arms at once: a byte
of JSON never becomes more than one token, and nothing needs to be composed to count bytes.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from gairp.gateway.exchange.peek import Peek
from gairp.gateway.exchange.splice import Splicer
from gairp.pricing import PriceCatalogue
from gairp.pricing.cost import call_cost
from gairp.pricing.price import Price
from gairp.routing.event_log import billing_of
from gairp.types import Arm, Decision, Response

_DAY_S = 86_400
_BYTES_A_TOKEN = 4.0
_NEWEST = 0.05
_TEMPLATE = 512  #: tokens that a server may wrap around a conversation
_TOOLS, _TOOL = 1024, 64
_MEDIA = 2_833 + 8 * 5_667  #: of one image at most, see gairp.pricing.bound
_USD = 1e-6 * (1.0 + 2.0**-48)  # never rounded below what is billed


_Row = tuple[float, float, list[float], float, float]


def today() -> date:
    """The day in UTC, on which prices hold."""
    return _date(int(time.time() // _DAY_S))


@lru_cache(maxsize=8)
def _date(day: int) -> date:
    return datetime.fromtimestamp(day * _DAY_S, UTC).date()


class Tariff:
    """Prices of all arms, on the day of each call.

    Raises PriceError where an arm has no price, unless `needed` is False: then its costs are NaN,
    budgets refuse it, and reports say so.
    """

    def __init__(
        self,
        *,
        arms: Mapping[str, Arm],
        splicers: Mapping[str, Splicer],
        catalogue: PriceCatalogue,
        needed: bool = True,
        day: Callable[[], date] = today,
    ) -> None:
        self.arms, self.catalogue, self._needed, self._day = dict(arms), catalogue, needed, day
        self._splicers = dict(splicers)
        self.index = {name: i for i, name in enumerate(arms)}  #: where an arm stands in the vectors
        self.unpriced: Counter[str] = Counter()  #: answering models without a price: answers
        # Mean output tokens of each arm, in a cell of its own that rows share.
        self._output = {name: [0.5 * splicers[name].limit] for name in arms}
        self._refresh(day())

    @property
    def names(self) -> tuple[str, ...]:
        """All arms, in the order of the vectors."""
        return tuple(self.arms)

    @property
    def without_price(self) -> tuple[str, ...]:
        """Arms of which no price is known today: budgets in dollars refuse them."""
        return tuple(name for name, price in self._prices.items() if price is None)

    def costs(self, peek: Peek) -> tuple[list[float], list[float], list[float]]:
        """(expected USD, USD at most, tokens at most) of a call to each arm, k each."""
        if (day := self._day()) != self._today:
            self._refresh(day)
        size = peek.size + _TEMPLATE + peek.media * _MEDIA
        if peek.tools:
            size += _TOOLS + _TOOL * peek.tools
        usual, asked, choices = peek.size / _BYTES_A_TOKEN * 1e-6, peek.max_tokens, peek.choices
        expected, most, tokens = [], [], []
        # A loop over few arms is quicker than a dozen steps of numpy.
        for into, out, mean, limit, window in self._rows:
            prompt = size if size < window else window
            answer = (limit if asked is None else asked) * choices
            answer = answer if answer < window else window
            expected.append(into * usual + out * mean[0] * 1e-6)
            most.append((into * prompt + out * answer) * _USD)
            tokens.append(prompt + answer)
        return expected, most, tokens

    def fits(self, peek: Peek, name: str) -> bool:
        """Whether prompt and answer fit the arm's context window, as far as can be told."""
        window = self.arms[name].context_window
        if window is None:
            return True
        limit = self._splicers[name].max_tokens(peek)
        return peek.size / _BYTES_A_TOKEN + limit <= window

    def bill(self, decision: Decision, response: Response) -> float:
        """USD of one call; 0 where nothing is charged, NaN where it cannot be known."""
        billing = billing_of(response)
        if billing in ("free", "cached"):
            return 0.0
        usage = response.usage
        if math.isnan(usage.input_tokens) or math.isnan(usage.output_tokens):
            return math.nan
        if billing == "billed":
            cell = self._output[decision.arm]
            cell[0] += _NEWEST * (usage.output_tokens - cell[0])
        price = self.price(response.model, decision.arm)
        if price is None:
            return math.nan
        return call_cost(price, usage.input_tokens, usage.output_tokens, usage.cached_tokens)

    def price(self, model: str, name: str) -> Price | None:
        """Of the model that answered; of the arm that was asked where that one is not listed."""
        arm = self.arms[name]
        if model in ("", arm.model):
            return self._prices[name]
        if model not in self._answering:
            self._answering[model] = self._listed(model)
        price = self._answering[model]
        if price is None:
            self.unpriced[model] += 1
            return self._prices[name]
        return price

    def _refresh(self, day: date) -> None:
        self._today = day
        self._answering: dict[str, Price | None] = {}
        self._prices = {
            name: self._listed(arm.price_key or arm.model, needed=self._needed)
            for name, arm in self.arms.items()
        }
        self._rows = [self._row(name, price) for name, price in self._prices.items()]

    def _row(self, name: str, price: Price | None) -> _Row:
        into = math.nan if price is None else _dearest(price)
        out = math.nan if price is None else price.output_usd_per_mtok
        limit = float(self._splicers[name].limit)
        return into, out, self._output[name], limit, _window(self.arms[name])

    def _listed(self, model: str, *, needed: bool = False) -> Price | None:
        if needed:
            return self.catalogue.price(model, as_of=self._today)
        return self.catalogue.find(model, as_of=self._today)


def _dearest(price: Price) -> float:
    return max(price.input_usd_per_mtok, price.cached_input_usd_per_mtok or 0.0)


def _window(arm: Arm) -> float:
    return math.inf if arm.context_window is None else float(arm.context_window)
