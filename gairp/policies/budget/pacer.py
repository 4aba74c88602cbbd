"""A dollar budget over a horizon: money gets the price at which it lasts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Self

import msgspec
import numpy as np

from gairp.errors import ConfigError, OverBudgetError, PriceError
from gairp.policies.base import BasePolicy, Floats, State
from gairp.policies.budget.account import Account
from gairp.policies.budget.costs import CostModel
from gairp.policies.budget.priced import priced
from gairp.policies.budget.spend_curve import SpendCurve
from gairp.policies.candidates import keep, widened
from gairp.policies.wrapper import PolicyWrapper
from gairp.protocols import Trainable
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision, Outcome, TrainingSet

_PRIOR = 20  # requests that the expected costs are believed for
_FOLDS = 5


class Purse(NamedTuple):
    """What may still be spent."""

    key: str
    left_usd: float
    requests_left: float

    @property
    def rate(self) -> float:
        """USD a request."""
        return max(self.left_usd, 0.0) / self.requests_left


class BudgetPacer(PolicyWrapper):
    """Any policy, each candidate charged λ · its expected cost, with λ such that the budget lasts.

    Primal-dual pacing as in PILOT (Panda et al. 2025) and ParetoBandit (2026), but λ is
    not moved by steps: after every `every` completions it is solved for on a window of past
    requests (`SpendCurve`), so that what is left per request left is what they would have spent,
    corrected by how dear arms came compared with what was expected. No step size is to be tuned,
    and λ may cross five orders of magnitude at once. An arm is no candidate where its expected
    cost would eat into the cheapest arm's cost for the requests to come.

    The budget is the context's, one λ a key (a tenant, say); without one it is `budget_usd` for
    each `requests` completions, anew. Without either the inner policy decides alone, while the
    window fills all the same.

    budget_usd: USD a horizon, null where contexts bring their own.
    requests: expected in a horizon; null takes what arrived so far and the share that has passed.
    costs: predicts each request's costs and learns from what was paid; null trusts the context.
    window: past requests that λ is solved on. every: completions between two solutions.
    margin: share of the budget that is aimed to be left.
    use_at_least: share of the budget to be spent even where that is not worth it.
    exhausted: what happens to a request that is more than is left: the cheapest arm, or `refuse`
        (OverBudgetError, which the router makes a refusal).

    `fit` fits the inner policy, and fills the window with predictions for rows that their fold was
    not fitted on. Requests under way are not in an account of the pacer's own; where many are,
    let contexts bring the budget less what is reserved.
    """

    def __init__(
        self,
        *,
        policy: BasePolicy,
        budget_usd: float | None = None,
        requests: int | None = None,
        costs: CostModel | None = None,
        window: int = 1024,
        every: int = 8,
        margin: float = 0.0,
        use_at_least: float = 0.0,
        exhausted: Literal["cheapest", "refuse"] = "cheapest",
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(policy=policy, utility=utility, name=name)
        if budget_usd is not None and not (0 < budget_usd < math.inf and requests):
            raise ConfigError(
                f"budget_pacer.budget_usd is {budget_usd} for {requests} requests; give USD above "
                "0 and budget_pacer.requests, or null where contexts bring a budget"
            )
        if (requests is not None and requests < 1) or window < 1 or every < 1:
            raise ConfigError(
                "budget_pacer needs requests, window and every of at least 1; got "
                f"{requests}, {window} and {every}"
            )
        if not 0 <= margin < 1 or not 0 <= use_at_least <= 1:
            raise ConfigError(
                "budget_pacer needs margin in [0, 1) and use_at_least in [0, 1]; got "
                f"{margin} and {use_at_least}"
            )
        if exhausted not in ("cheapest", "refuse"):
            raise ConfigError(
                f"budget_pacer.exhausted is {exhausted!r}; there are: cheapest, refuse"
            )
        self.budget_usd, self.requests, self.costs = budget_usd, requests, costs
        self.window, self.every = int(window), int(every)
        self.margin, self.use_at_least = float(margin), float(use_at_least)
        self.exhausted: Literal["cheapest", "refuse"] = exhausted
        self.reads_features = policy.reads_features or costs is not None  # type: ignore[misc]
        self._model = costs
        self._curve = SpendCurve(self.window)
        self.accounts: dict[str, Account] = {}  #: by the budget's key
        if isinstance(policy, Trainable):
            self.fit = self._fit

    # -- deciding -------------------------------------------------------------------------

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Let the inner policy decide, charged for money; OverBudgetError where it must refuse."""
        context = self._costed(context)
        purse = self._purse(context)
        if purse is None or not context.candidates:
            return msgspec.structs.replace(self.policy.decide(context, rng), policy=self.name)
        columns = self._affordable(context, purse)
        narrow = keep(context, columns)
        inner = self.policy.decide(narrow, rng)
        price = self._price(purse, inner, narrow)
        charge = price * narrow.expected_cost
        chosen = priced(inner, charge, narrow, rng, takes_best=self.takes_best)
        chosen = msgspec.structs.replace(chosen, policy=self.name)
        return widened(chosen, columns, len(context.candidates))

    def _costed(self, context: Context) -> Context:
        """The context with the costs that the model predicts."""
        if self._model is None or not len(context.features):
            return context
        return msgspec.structs.replace(context, expected_cost=self._model.expected(context))

    def _purse(self, context: Context) -> Purse | None:
        budget = context.budget
        if budget is not None and budget.total_usd < math.inf:
            left = budget.left_usd - self.margin * budget.total_usd
            return Purse(budget.key, left, self._requests_left(budget.key, budget.horizon_left))
        if self.budget_usd is None:
            return None
        assert self.requests is not None
        account = self.accounts.get("", _NEW)
        left = self.budget_usd * (1.0 - self.margin) - account.spent_usd
        return Purse("", left, self.requests - account.requests)

    def _requests_left(self, key: str, horizon_left: float) -> float:
        if self.requests is not None:
            return max(1.0, round(self.requests * horizon_left, 6))
        seen = self.accounts.get(key, _NEW).requests
        passed = max(1.0 - horizon_left, 1e-9)
        return max(1.0, seen * horizon_left / passed)

    def _affordable(self, context: Context, purse: Purse) -> Sequence[int]:
        cost = context.expected_cost
        if not np.isfinite(cost).all():
            raise PriceError(
                f"request {context.request_id}: a candidate has no expected cost: "
                f"{dict(zip(context.candidates, cost.tolist(), strict=True))}; price every arm"
            )
        ratio = self._ratio(purse)
        least = float(cost.min())
        each = self._curve.cheapest() if len(self._curve) else least
        spare = purse.left_usd - (purse.requests_left - 1.0) * each * ratio
        columns = np.flatnonzero(cost * ratio <= spare).tolist()
        if columns:
            return columns
        if self.exhausted == "refuse" and least * ratio > purse.left_usd:
            raise OverBudgetError(
                f"request {context.request_id}: {purse.left_usd:.6g} USD are left of the budget "
                f"{purse.key!r}, and the cheapest candidate costs {least:.6g}; raise the budget, "
                "wait for the next horizon, or set budget_pacer.exhausted to cheapest"
            )
        return np.flatnonzero(cost == least).tolist()

    def _price(self, purse: Purse, inner: Decision, context: Context) -> float:
        known = self.accounts.get(purse.key, _NEW).price
        if known is not None:
            return known
        if len(self._curve):
            return self._solved(purse)
        # Nothing has been seen yet: what would be right if all requests were like this one.
        alone = SpendCurve(1)
        self._add(alone, context, inner)
        return alone.price(purse.rate)

    def _solved(self, purse: Purse) -> float:
        rate = purse.rate / self._ratio(purse)
        return self._curve.price(rate, at_least=self.use_at_least * rate)

    def _ratio(self, purse: Purse) -> float:
        return self.accounts.get(purse.key, _NEW).ratio(_PRIOR * purse.rate + 1e-300)

    # -- learning -------------------------------------------------------------------------

    def observe(self, context: Context, decision: Decision, outcome: Outcome) -> None:
        """Take what the request cost off the account, and solve for λ when it is time to."""
        self.policy.observe(context, decision, outcome)
        cost = outcome.total_cost_usd
        if not math.isfinite(cost):
            raise PriceError(
                f"request {context.request_id}: its cost is {cost}; a budget needs a price for "
                "every arm"
            )
        costed = self._costed(context)
        if all(s > -math.inf for s in decision.scores or ()):
            self._add(self._curve, costed, decision)
        if self._model is not None:
            for attempt in outcome.attempts:
                if attempt.response.error is None:
                    arm, cost_usd = attempt.decision.arm, attempt.cost_usd
                    listed = float(context.expected_cost[context.candidates.index(arm)])
                    self._model.learn(arm, context.features, cost_usd, expected_usd=listed)
        if self._purse(context) is not None:
            self._pay(costed, decision, cost)

    def _pay(self, context: Context, decision: Decision, cost: float) -> None:
        key = "" if context.budget is None else context.budget.key
        account = self.accounts.setdefault(key, Account())
        account.pay(cost, float(context.expected_cost[context.candidates.index(decision.arm)]))
        if context.budget is None and account.requests >= (self.requests or 0):
            account.renew()
        elif account.requests % self.every == 0 or account.requests == 1:
            purse = self._purse(context)
            assert purse is not None
            if context.budget is not None:
                purse = purse._replace(
                    left_usd=purse.left_usd - cost,
                    requests_left=max(1.0, purse.requests_left - 1.0),
                )
            account.price = self._solved(purse)

    def _fit(self, train: TrainingSet, rng: np.random.Generator) -> None:
        """Fit the inner policy and the costs, and fill the window with out-of-fold predictions."""
        self.policy.fit(train, rng)  # type: ignore[attr-defined]
        self._curve = SpendCurve(self.window)
        usual = np.nanmean(np.where(train.observed, train.cost_usd, np.nan), axis=0)
        fold = rng.permutation(len(train.features)) % _FOLDS
        for number in range(_FOLDS):
            self._fill(train, np.flatnonzero(fold != number), fold == number, usual, rng)
        if self._model is not None:
            self._model = self._model.fresh()
            self._model.fit(train)

    def _fill(
        self, train: TrainingSet, rows: Any, held: Any, usual: Floats, rng: np.random.Generator
    ) -> None:
        part = train.rows(rows)
        inner, model = self.policy.fresh(), self._model
        inner.fit(part, rng)  # type: ignore[attr-defined]
        if model is not None:
            model = model.fresh()
            model.fit(part)
        for row in np.flatnonzero(held):
            context = Context(
                request_id=f"train/{row}",
                features=train.features[row],
                candidates=train.arms,
                expected_cost=usual,
                max_cost=usual,
            )
            if model is not None:
                context = msgspec.structs.replace(context, expected_cost=model.expected(context))
            decision = inner.decide(context, DecisionRng(0, context.request_id))
            self._add(self._curve, context, decision)

    def _add(self, curve: SpendCurve, context: Context, decision: Decision) -> None:
        scores = decision.scores if self.takes_best else None
        values = decision.probabilities if scores is None else scores
        curve.add(context.candidates, values, context.expected_cost, draws=scores is None)

    # -- state ----------------------------------------------------------------------------

    def fresh(self) -> Self:
        """An untrained pacer of untrained parts."""
        costs = None if self.costs is None else self.costs.fresh()
        parts = {"policy": self.policy.fresh(), "costs": costs}
        return type(self)(**{**self.parameters(), **parts})

    def _state(self) -> State:
        return {
            "policy": self.policy.save(),
            "curve": self._curve.state(),
            "accounts": {key: account.state() for key, account in self.accounts.items()},
            "costs": None if self._model is None else self._model.state(),
        }

    def _restore(self, state: State) -> None:
        self.policy.load(state["policy"])
        self._curve.restore(state["curve"])
        self.accounts = {k: Account.restored(v) for k, v in state["accounts"].items()}
        if self._model is not None:
            self._model.restore(state["costs"])


_NEW = Account()
