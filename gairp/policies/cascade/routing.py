"""Cascade routing: after every answer, the next arm or a stop, by what each is worth now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError, PriceError
from gairp.policies.arms import ArmIndex
from gairp.policies.base import Floats, State, best
from gairp.policies.cascade.base import Cascade, cheapest
from gairp.policies.cascade.posterior import Means, Posterior
from gairp.policies.learned.router import LearnedRouter
from gairp.policies.training import observed_means
from gairp.rewards import Utility
from gairp.types import Attempt, Context, TrainingSet


class CascadeRouting(Cascade):
    """Routing and cascading at once: any arm may come first, any other next, and it may stop.

    Dekoninck, Baader & Vechev (2024), "A unified approach to routing and cascading for LLMs",
    section 4: of all ways to go on the one of largest posterior quality less cost is taken, with
    quality and cost estimated anew after every answer. Here quality is a `Posterior` given the
    prompt and the scores of the answers so far, and the last attempt is the answer, where theirs
    may be an earlier one. An arm is worth what may be had by asking it and then stopping or asking
    one more, the mean over what its answer's score may be; further steps are not looked at.

    Costs are the context's expected ones, latencies the arms' means on train; ceilings of the
    utility are not looked at.

    ridge: penalty of the regressions, null by generalised cross-validation. margin: utility that
        another attempt must promise to gain.
    router: predicts quality before any answer; null takes ridge regressions for that too.
    """

    takes_best = True

    def __init__(
        self,
        *,
        signals: Sequence[str] = (),
        verify: str | None = None,
        models: Mapping[str, str] | None = None,
        longest: int = 3,
        c: float = 0.1,
        ridge: float | None = None,
        margin: float = 0.0,
        router: LearnedRouter | None = None,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            signals=signals, verify=verify, models=models, longest=longest, c=c, utility=utility,
            name=name,
        )  # fmt: skip
        if not ((ridge is None or ridge > 0) and margin >= 0):
            raise ConfigError(
                f"cascade_routing needs ridge above 0 and margin of at least 0; got {ridge} and "
                f"{margin}"
            )
        if router is not None and router.predict != "quality":
            raise ConfigError(
                "cascade_routing.router must predict quality; set its predict=quality"
            )
        self.ridge, self.margin, self.router = ridge, float(margin), router
        self._arms = ArmIndex()
        self._latency = np.empty(0)
        self._means = Means(np.empty((0, 0)), np.empty(0))
        self._posterior: Posterior | None = None

    def fit(self, train: TrainingSet, rng: np.random.Generator) -> None:
        """Fit scorer and posterior; `rng` parts the rows into folds.

        Raises PolicyError for a signal that the rows lack, and what `train_utility` does.
        """
        self._begin_fit(train)
        seen = np.flatnonzero(train.observed.any(axis=0))
        self._arms = ArmIndex(tuple(train.arms[i] for i in seen))
        off = np.full((len(train.features), 2 * len(seen)), np.nan)
        for rest, held in self._folds(train, rng):
            self._fit_prior(train.rows(rest), seen, rng)
            apart = train.rows(held)
            off[held] = self._outcomes(apart, seen) - self._prior(apart.features)
        self._fit_prior(train, seen, rng)
        self._posterior = Posterior.of(off)
        self._latency = observed_means(train.latency_s, train.observed)[seen]

    def _outcomes(self, train: TrainingSet, seen: NDArray[np.int64]) -> Floats:
        """Qualities and scores [n, 2k]; NaN where unknown."""
        quality = np.where(train.observed, train.score, np.nan)
        return np.hstack([quality[:, seen], self._scores(train)[:, seen]])

    def _fit_prior(
        self, train: TrainingSet, seen: NDArray[np.int64], rng: np.random.Generator
    ) -> None:
        targets = self._outcomes(train, seen)
        if self.router is not None:
            self.router.fit(train, rng)
            targets = targets[:, len(seen) :]
        self._means = Means.fit(train.features, targets, self.ridge)

    def _prior(self, x: Floats) -> Floats:
        """Expected qualities and scores before any answer [n, 2k], of x [n, d]."""
        if self.router is None:
            return self._means(x)
        quality = np.full((len(x), len(self._arms)), np.nan)
        columns = [self._arms.names.index(arm) for arm in self.router.arms]
        quality[:, columns] = self.router.estimates(x)
        return np.hstack([quality, self._means(x)])

    # -- deciding -------------------------------------------------------------------------

    def _first(self, context: Context) -> tuple[int, Floats | None]:
        values = np.full(len(context.candidates), -np.inf)
        known = self._known(context, range(len(values)))
        if not known:
            return cheapest(context), values
        assert self._posterior is not None
        means = self._prior(context.features[None])[0]
        covariance = self._posterior.covariance
        values[known] = self._values(context, known, (), means, covariance)
        return best(values, context), values

    def _following(
        self, context: Context, attempts: Sequence[Attempt], open_: Sequence[int]
    ) -> int | None:
        last = self._arms.row(attempts[-1].decision.arm)
        known = self._known(context, open_)
        if last is None or not known:
            return None
        assert self._posterior is not None
        answered = [a for a in attempts if a.response.error is None]
        answered = [a for a in answered if a.decision.arm in self._arms]
        means, covariance = self._posterior.given(
            self._prior(context.features[None])[0],
            [self._arms.names.index(attempt.decision.arm) for attempt in answered],
            [self._score(context, attempt) for attempt in answered],
        )
        values = np.full(len(context.candidates), -np.inf)
        values[known] = self._values(context, known, attempts, means, covariance)
        index = best(values, context)
        return index if values[index] > means[last] + self.margin else None

    def _known(self, context: Context, columns: Sequence[int]) -> list[int]:
        return [i for i in columns if context.candidates[i] in self._arms]

    def _values(
        self, context: Context, columns: Sequence[int], attempts: Sequence[Attempt],
        means: Floats, covariance: Floats,
    ) -> Floats:  # fmt: skip
        """What asking each of these candidates is worth, its cost taken off."""
        rows = [self._arms.names.index(context.candidates[i]) for i in columns]
        charges = self._charges(context, columns, rows, attempts)
        if len(attempts) + 1 >= self.longest or len(rows) == 1:
            return np.asarray(means[rows] - charges)
        assert self._posterior is not None
        slopes, off = self._posterior.next_scores(covariance, rows)
        then = means[rows] + slopes[:, None, :] * off[:, :, None]  # [asked, node, arm]
        models = np.array([self._model_of(context.candidates[i]) for i in columns])
        price = np.where(models[:, None] == models, np.inf, charges + self.margin)
        np.fill_diagonal(price, 0.0)  # stopping
        return np.asarray((then - price[:, None, :]).max(axis=2).mean(axis=1) - charges)

    def _charges(
        self, context: Context, columns: Sequence[int], rows: list[int],
        attempts: Sequence[Attempt],
    ) -> Floats:  # fmt: skip
        """Utility that each of these candidates is expected to cost beyond what was spent."""
        cost = context.expected_cost[list(columns)]
        if self.utility.needs_cost and not np.isfinite(cost).all():
            raise PriceError(
                f"request {context.request_id}: a candidate has no expected cost: "
                f"{dict(zip(context.candidates, context.expected_cost.tolist(), strict=True))}; "
                "price every arm"
            )
        spent = waited = 0.0
        for arm in (attempt.decision.arm for attempt in attempts):
            row = self._arms.row(arm)
            if row is not None and arm in context.candidates:
                spent += float(context.expected_cost[context.candidates.index(arm)])
                waited += float(self._latency[row])
        nothing = np.zeros(len(rows))
        before = self.utility.of_arrays(nothing, nothing + spent, nothing + waited)
        after = self.utility.of_arrays(nothing, spent + cost, waited + self._latency[rows])
        return np.asarray(before - after)

    # -- state ----------------------------------------------------------------------------

    def _state(self) -> State:
        return {
            "arms": list(self._arms.names), "width": self._width, "latency": self._latency,
            "scorer": self._scorer.state(),
            "means": [self._means.theta, self._means.bias],
            "posterior": None if self._posterior is None else self._posterior.state(),
            "router": None if self.router is None else self.router.save(),
        }  # fmt: skip

    def _restore(self, state: State) -> None:
        posterior = state["posterior"]
        self._posterior = None if posterior is None else Posterior.restored(posterior)
        self._means = Means(*state["means"])
        if self.router is not None:
            self.router.load(state["router"])
        self._scorer.restore(state["scorer"])
        self._arms, self._latency = ArmIndex(tuple(state["arms"])), state["latency"]
        self._width = int(state["width"])
