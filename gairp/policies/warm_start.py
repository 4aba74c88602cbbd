"""An online bandit that begins with what recorded outcomes say."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

import numpy as np

from gairp.errors import ConfigError, NotFittedError
from gairp.policies.base import BasePolicy, Floats, State
from gairp.policies.ridge import fit_ridge
from gairp.policies.training import check_features, train_utility
from gairp.policies.wrapper import PolicyWrapper
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision, TrainingSet


@runtime_checkable
class TakesPrior(Protocol):
    """A policy of one linear regression an arm that may begin elsewhere than at zero."""

    ridge: float

    def begin_at(self, arms: tuple[str, ...], precision: Floats, mean: Floats) -> None:
        """θ_a ~ N(mean[a], precision[a]^-1), in place of all that was learned."""


class WarmStart(PolicyWrapper):
    """`policy` with the prior θ_a ~ N(m_a, P_a^-1) that `fit` reads from the training rows.

    m_a is the ridge regression of arm a's utility on all n_a rows that observed it, and
    P_a = ridge I + (worth / n_a) Σ x x': the rows' evidence, weighed as `worth` average rows (the
    power prior of Ibrahim & Chen 2000, "Power prior distributions for regression models", about
    the mean of the whole). What then comes online updates it as any Bayesian linear regression:
    after rewards r of rows X the mean is (P + X'X)^-1 (P m + X'r). An arm that the rows do not
    hold begins as it would without them.

    policy: a linear bandit, `LinUCB` or `LinTS`, whose `ridge` is the one above.
    worth: online requests that the prior counts as, for each arm. 0 keeps the mean alone, which
        the first rewards overrule; null lets every training row count as one.
    penalty: of the regression behind m, or `gcv` for generalised cross-validation.
    """

    def __init__(
        self,
        *,
        policy: BasePolicy,
        worth: float | None = 300.0,
        penalty: float | Literal["gcv"] = "gcv",
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        if not isinstance(policy, TakesPrior):
            raise ConfigError(
                f"warm_start.policy: {type(policy).__name__} takes no prior; give a linear bandit, "
                "LinUCB or LinTS"
            )
        if worth is not None and not 0 <= worth < np.inf:
            raise ConfigError(f"warm_start.worth is {worth}; give requests, at least 0, or null")
        if penalty != "gcv" and not 0 < penalty < np.inf:
            raise ConfigError(f"warm_start.penalty is {penalty!r}; give a number above 0, or gcv")
        super().__init__(policy=policy, utility=utility, name=name)
        self.worth = None if worth is None else float(worth)
        self.penalty: float | Literal["gcv"] = penalty
        policy.name = self.name
        self._ready = False

    def fit(self, train: TrainingSet, rng: np.random.Generator) -> None:
        """Set the prior; raises what `train_utility` raises, and FeatureError for bad features."""
        check_features(train.features)
        target = train_utility(self.utility, train)
        chosen = np.flatnonzero(train.observed.any(axis=0))
        observed, y = train.observed[:, chosen], target[:, chosen]
        penalty = None if self.penalty == "gcv" else float(self.penalty)
        mean, _, _ = fit_ridge(train.features, y, observed, penalty=penalty, intercept=False)
        precision = np.stack([self._precision(train.features[rows]) for rows in observed.T])
        arms = tuple(train.arms[i] for i in chosen)
        assert isinstance(self.policy, TakesPrior)
        self.policy.begin_at(arms, precision, mean)
        self._ready = True

    def _precision(self, x: Floats) -> Floats:
        assert isinstance(self.policy, TakesPrior)
        share = 1.0 if self.worth is None else self.worth / len(x)
        return np.asarray(share * (x.T @ x) + self.policy.ridge * np.eye(x.shape[1]))

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """As the bandit; raises NotFittedError before `fit`, since it would be a cold start."""
        if not self._ready:
            raise NotFittedError(f"policy {self.name!r} must be fitted on train rows first")
        return self.policy.decide(context, rng)

    def _state(self) -> State:
        return {**super()._state(), "ready": self._ready}

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self._ready = bool(state["ready"])
