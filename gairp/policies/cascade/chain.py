"""A chain of arms, from cheap to dear: go on while the answer seems wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError, PolicyError
from gairp.policies.base import Floats, State
from gairp.policies.cascade.base import Cascade, cheapest
from gairp.policies.cascade.thresholds import best_thresholds
from gairp.policies.training import observed_means
from gairp.rewards import Utility
from gairp.types import Attempt, Context, TrainingSet


class Chain(Cascade):
    """Ask the arms of the chain in turn until an answer's score reaches its stage's threshold.

    Chen, Zaharia & Zou (2023), "FrugalGPT", section 3, with a learned scorer; with `verify`
    Aggarwal, Madaan et al. (2024), "AutoMix", section 3.2: the score is what the model itself said
    of its answer. Of all chains of at most `longest` arms in ascending order of cost, and of all
    thresholds, those of largest mean utility on the training rows are taken, the cost and latency
    of every attempt in it. The scores that they are chosen on are out of fold.

    chain: the arms from the first to the last, null finds them. It may name an arm twice, which is
        then asked twice.
    threshold: one for all stages; null finds one a stage.
    """

    def __init__(
        self,
        *,
        chain: Sequence[str] | None = None,
        signals: Sequence[str] = (),
        verify: str | None = None,
        threshold: float | None = None,
        models: Mapping[str, str] | None = None,
        longest: int = 3,
        c: float = 0.1,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            signals=signals, verify=verify, models=models, longest=longest, c=c, utility=utility,
            name=name,
        )  # fmt: skip
        if chain is not None and not 1 <= len(chain) <= longest:
            raise ConfigError(
                f"chain.chain names {len(chain)} arms; give 1 to {longest} (chain.longest)"
            )
        self.chain = None if chain is None else tuple(chain)
        self.threshold = threshold
        self._order: tuple[str, ...] = ()
        self._stops: tuple[float, ...] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """The arms of the chain; empty before `fit`."""
        return self._order

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Of each arm of the chain but the last."""
        return self._stops

    # -- training -------------------------------------------------------------------------

    def fit(self, train: TrainingSet, rng: np.random.Generator) -> None:
        """Fit the scorer, and choose chain and thresholds; `rng` parts the rows into folds.

        Raises PolicyError for an arm or signal that the rows lack, and what `train_utility` does.
        """
        self._begin_fit(train)
        scores = np.full(train.score.shape, np.nan)
        for _, held in self._folds(train, rng):
            scores[held] = self._scores(train.rows(held))
        best = -np.inf
        for order in self._orders(train):
            columns = np.array([train.arms.index(arm) for arm in order])
            rows = np.flatnonzero(train.observed[:, columns].all(axis=1))
            worth = self._worth(train, rows, columns)
            stops, value = self._found(worth, scores[np.ix_(rows, columns[:-1])])
            if value > best:
                best, self._order, self._stops = value, order, stops
        if best == -np.inf:
            raise PolicyError(
                f"policy {self.name!r}: no training row has an answer of every arm of a chain; "
                "take rows that all arms answered"
            )

    def _found(self, worth: Floats, scores: Floats) -> tuple[tuple[float, ...], float]:
        if not len(worth):
            return (), -np.inf
        if self.threshold is None:
            return best_thresholds(worth, scores)
        passes = np.column_stack([scores >= self.threshold, np.full(len(worth), True)])
        ends = worth[np.arange(len(worth)), passes.argmax(axis=1)]
        return (self.threshold,) * scores.shape[1], float(ends.mean())

    def _orders(self, train: TrainingSet) -> Iterator[tuple[str, ...]]:
        if self.chain is not None:
            absent = sorted(set(self.chain) - set(train.arms))
            if absent:
                raise PolicyError(
                    f"policy {self.name!r}: {absent} have no training row; there are: "
                    f"{', '.join(train.arms)}"
                )
            yield self.chain
            return
        cost = np.nan_to_num(observed_means(train.cost_usd, train.observed), nan=np.inf)
        seen = [i for i in range(len(cost)) if train.observed[:, i].any()]
        seen.sort(key=lambda i: (cost[i], train.arms[i]))
        for length in range(1, self.longest + 1):
            for columns in combinations(seen, length):
                order = tuple(train.arms[i] for i in columns)
                if len({self._model_of(arm) for arm in order}) == length:
                    yield order

    def _worth(
        self, train: TrainingSet, rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> Floats:
        """Utility of ending at each stage [rows, stages], all attempts up to it paid."""
        at = np.ix_(rows, columns)
        cost, latency = train.cost_usd[at].cumsum(axis=1), train.latency_s[at].cumsum(axis=1)
        return self.utility.of_arrays(train.score[at], cost, latency)

    # -- deciding -------------------------------------------------------------------------

    def _first(self, context: Context) -> tuple[int, Floats | None]:
        there = [arm for arm in self._order if arm in context.candidates]
        return (context.candidates.index(there[0]) if there else cheapest(context)), None

    def _following(
        self, context: Context, attempts: Sequence[Attempt], open_: Sequence[int]
    ) -> int | None:
        stage = self._stage(attempts)
        if stage is None or stage >= len(self._stops):
            return None
        score = self._score(context, attempts[-1])
        if score >= self._stops[stage]:
            return None
        allowed = range(len(context.candidates)) if self.chain is not None else open_
        there = {context.candidates[i]: i for i in allowed}
        return next((there[arm] for arm in self._order[stage + 1 :] if arm in there), None)

    def _stage(self, attempts: Sequence[Attempt]) -> int | None:
        """Where in the chain the last attempt is; None where it is not of the chain."""
        stage = -1
        for attempt in attempts:
            arm = attempt.decision.arm
            later = [i for i in range(stage + 1, len(self._order)) if self._order[i] == arm]
            if not later:
                return None
            stage = later[0]
        return stage

    # -- state ----------------------------------------------------------------------------

    def _state(self) -> State:
        return {
            "width": self._width, "scorer": self._scorer.state(), "order": list(self._order),
            "stops": list(self._stops),
        }  # fmt: skip

    def _restore(self, state: State) -> None:
        self._order, self._stops = tuple(state["order"]), tuple(state["stops"])
        self._width = int(state["width"])
        self._scorer.restore(state["scorer"])
