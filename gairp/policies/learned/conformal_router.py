"""The cheapest arm that is surely good enough."""

from __future__ import annotations

import math

import numpy as np

from gairp.errors import ConfigError, NotFittedError, PolicyError
from gairp.policies.base import Floats, State, best, check_features, one_hot
from gairp.policies.learned.calibration import calibration_rows
from gairp.policies.learned.conformal import ConformalBounds
from gairp.policies.learned.router import LearnedRouter
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision, TrainingSet


class ConformalRouter(PolicyWrapper):
    """A learned router's lower bounds on quality, and the cheapest arm whose bound is high enough.

    The bounds are `ConformalBounds` of the router's predictions on `holdout` of the training rows,
    drawn at random, on which the router is then not fitted. Of the candidates whose bound is at
    least `floor` the one of lowest expected cost is taken; where there is none, the one of the
    highest bound. With `jointly` the quality of the arm that is taken is below its bound for at
    most a share `alpha` of the prompts.

    Scores are the bounds. Where quality is 0 or 1 a bound above 0 says "not wrong": with a floor
    just above 0, a wrong answer is taken for sure at most a share `alpha` of the time.

    policy: a learned router that predicts quality. alpha: share of prompts whose quality may be
    below the bound. floor: quality that is good enough. jointly: bounds hold for all arms at once.
    """

    policy: LearnedRouter

    def __init__(
        self,
        *,
        policy: LearnedRouter,
        alpha: float = 0.1,
        floor: float = 0.5,
        holdout: float = 0.3,
        jointly: bool = True,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        if not isinstance(policy, LearnedRouter) or policy.predict != "quality":
            raise ConfigError(
                "conformal_router.policy must be a learned router with predict=quality, such as "
                f"gairp.policies.learned.logistic.Logistic; it is {type(policy).__name__}"
            )
        if not (0 < alpha < 1 and 0 < holdout < 1):
            raise ConfigError(
                "conformal_router needs alpha and holdout between 0 and 1; got "
                f"{alpha} and {holdout}"
            )
        super().__init__(policy=policy, utility=utility, name=name)
        self.alpha, self.floor = float(alpha), float(floor)
        self.holdout, self.jointly = float(holdout), bool(jointly)
        self.takes_best = False  # type: ignore[misc]
        self._bounds: ConformalBounds | None = None
        self.fit = self._fit

    def _fit(self, train: TrainingSet, rng: np.random.Generator) -> None:
        """Fit the router on some rows and the bounds on the others; PolicyError where too few."""
        rows, held = calibration_rows(
            train.observed[:, train.observed.any(axis=0)], self.holdout, rng
        )
        self.policy.fit(train.rows(rows), rng)
        apart = train.rows(held)
        columns = [train.arms.index(arm) for arm in self.policy.arms]
        self._bounds = ConformalBounds.fit(
            self.policy.estimates(apart.features), apart.score[:, columns],
            apart.observed[:, columns], alpha=self.alpha, jointly=self.jointly,
        )  # fmt: skip

    def bounds(self, features: Floats) -> Floats:
        """Lower bounds [n, arms] of many prompts, features [n, d]; arms as the router's `arms`.

        Raises NotFittedError before `fit`, FeatureError for features of another width.
        """
        if self._bounds is None:
            raise NotFittedError(f"policy {self.name!r} must be fitted on train rows first")
        return self._bounds.lower(self.policy.estimates(features))

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """The cheapest candidate whose bound is at least the floor, else that of the highest."""
        candidates = context.candidates
        if not candidates:
            raise PolicyError(f"request {context.request_id}: no candidate to choose from")
        check_features(context)
        known = dict(zip(self.policy.arms, self.bounds(context.features[None])[0], strict=True))
        scores = np.array([known.get(arm, -math.inf) for arm in candidates])
        cost = np.nan_to_num(context.expected_cost, nan=math.inf)
        enough = np.flatnonzero(scores >= self.floor).tolist()
        if enough:
            index = min(enough, key=lambda i: (cost[i], candidates[i]))
        else:
            index = best(scores, context)
        probabilities = one_hot(len(candidates), index)
        return Decision(
            id=context.request_id + "/0", request_id=context.request_id, arm=candidates[index],
            propensity=1.0, probabilities=probabilities, scores=tuple(scores.tolist()),
            policy=self.name, state_version=self.state_version,
        )  # fmt: skip

    def _state(self) -> State:
        bounds = None if self._bounds is None else self._bounds.state()
        return {"policy": self.policy.save(), "bounds": bounds}

    def _restore(self, state: State) -> None:
        self.policy.load(state["policy"])
        bounds = state["bounds"]
        self._bounds = None if bounds is None else ConformalBounds.restored(bounds)
