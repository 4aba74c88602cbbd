"""What all learned routers share: they predict every arm's quality and take the best utility."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError, FeatureError, NotFittedError, PriceError, StateError
from gairp.policies.arms import ArmIndex
from gairp.policies.base import Floats, GreedyPolicy, State
from gairp.policies.learned.calibration import Calibration, Method, calibration_rows
from gairp.policies.training import check_features, observed_means, of_candidates, train_utility
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, TrainingSet

Bools = NDArray[np.bool_]
Predicted = Literal["utility", "quality"]


class LearnedRouter(GreedyPolicy):
    """Predicts each arm's quality from the features; a subclass writes how.

    Costs come by the context (expected cost of each candidate), latencies are the arms' means on
    the training rows, and the utility weighs them: prices and weights may change without another
    fit. With `predict="utility"` the utility itself is what is predicted.

    calibration: `isotonic` or `platt` maps each arm's prediction to the mean score it really had
        on `holdout` of the training rows, drawn at random, on which the router is then not fitted;
        `none` fits on all rows.

    An arm that the training rows do not hold is taken only where they hold no candidate at all;
    then the cheapest is. `decide` and `estimates` raise NotFittedError before `fit`.
    """

    reads_features = True

    def __init__(
        self,
        *,
        predict: Predicted = "quality",
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        if predict not in ("utility", "quality"):
            raise ConfigError(f"{self._key}.predict is {predict!r}; there are: utility, quality")
        if calibration not in ("none", "isotonic", "platt"):
            raise ConfigError(
                f"{self._key}.calibration is {calibration!r}; there are: none, isotonic, platt"
            )
        if not 0 < holdout < 1:
            raise ConfigError(f"{self._key}.holdout is {holdout}; give a share between 0 and 1")
        self.predict: Predicted = predict
        self.calibration: Method = calibration
        self.holdout = float(holdout)
        self._arms = ArmIndex()
        self._width = 0
        self._latency = np.empty(0)  # [arms], seconds
        self._calibration: Calibration | None = None

    # -- hooks ----------------------------------------------------------------------------

    @abstractmethod
    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        """Learn y [n, arms] (NaN where not observed) from x [n, d]; every arm has a row."""

    @abstractmethod
    def _predict(self, x: Floats) -> Floats:
        """Predictions [n, arms] for x [n, d]."""

    def _predict_one(self, x: Floats) -> Floats:
        """Predictions [arms] for one x [d]; write it where a batch of one would be slow."""
        return np.asarray(self._predict(x[None])[0])

    @abstractmethod
    def _model(self) -> dict[str, Any]:
        """What was learned: arrays, numbers, strings, and lists and dicts of them."""

    @abstractmethod
    def _take_up(self, model: State) -> None:
        """Take up what `_model` gave."""

    def _chosen_arms(self, train: TrainingSet) -> NDArray[np.int64]:
        """Columns of the training set that the router is about: all that were observed."""
        return np.flatnonzero(train.observed.any(axis=0))

    # -- training -------------------------------------------------------------------------

    def fit(self, train: TrainingSet, rng: np.random.Generator) -> None:
        """Fit on recorded outcomes; the same rows and generator give the same predictions.

        Raises FeatureError for features that are not finite, and what `train_utility` raises.
        """
        check_features(train.features)
        own = self.utility if self.predict == "utility" else Utility()
        target = train_utility(own, train)
        chosen = self._chosen_arms(train)
        observed, y = train.observed[:, chosen], np.ascontiguousarray(target[:, chosen])
        x, self._calibration = train.features, None
        if self.calibration == "none":
            self._fit(x, y, observed, rng)
        else:
            rows, held = calibration_rows(observed, self.holdout, rng)
            self._fit(x[rows], y[rows], observed[rows], rng)
            self._calibration = Calibration.fit(
                self.calibration, self._predict(x[held]), y[held], observed[held]
            )
        self._arms = ArmIndex(tuple(train.arms[i] for i in chosen))
        self._width = x.shape[1]
        self._latency = observed_means(train.latency_s[:, chosen], observed)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that the router knows, in the order of `estimates`."""
        return self._arms.names

    @property
    def width(self) -> int:
        """How many features the router was fitted on; 0 before `fit`."""
        return self._width

    # -- deciding -------------------------------------------------------------------------

    def estimates(self, features: Floats, *, calibrated: bool = True) -> Floats:
        """Predictions [n, arms] of many prompts at once, features [n, d]: of what `predict` says.

        Without `calibrated` they are as they were before any calibration.

        Raises NotFittedError before `fit`, FeatureError for features of another width.
        """
        self._check_ready(features.shape[1])
        values = self._predict(np.asarray(features, dtype=np.float64))
        if self._calibration is None or not calibrated:
            return values
        return self._calibration.apply(values)

    def uncalibrated(self, features: Floats) -> Floats | None:
        """`estimates` before calibration; None for a router without one."""
        if self._calibration is None:
            return None
        self._check_ready(features.shape[1])
        return self._predict(np.asarray(features, dtype=np.float64))

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        self._check_ready(len(context.features))
        values = self._predict_one(context.features)
        if self._calibration is not None:
            values = self._calibration.apply(values)
        scores = of_candidates(values, self._arms, context.candidates)
        return scores if self.predict == "utility" else self._utilities(scores, context)

    def _utilities(self, quality: Floats, context: Context) -> Floats:
        known = quality > -np.inf
        cost = context.expected_cost
        if self.utility.needs_cost and not np.isfinite(cost[known]).all():
            raise PriceError(
                f"request {context.request_id}: a candidate has no expected cost: "
                f"{dict(zip(context.candidates, cost.tolist(), strict=True))}; price every arm"
            )
        latency = of_candidates(self._latency, self._arms, context.candidates)
        value = self.utility.of_arrays(np.where(known, quality, 0.0), cost, latency)
        return np.where(known, value, -np.inf)

    def _check_ready(self, width: int) -> None:
        if not len(self._arms):
            raise NotFittedError(f"policy {self.name!r} must be fitted on train rows first")
        if width != self._width:
            raise FeatureError(
                f"policy {self.name!r} was fitted on {self._width} features and is given "
                f"{width}; use the feature builder that it was trained with"
            )

    # -- state ----------------------------------------------------------------------------

    def _state(self) -> State:
        if not len(self._arms):
            return {"arms": []}
        return {
            "arms": list(self._arms.names),
            "width": self._width,
            "latency": self._latency,
            "calibration": self._calibration.state() if self._calibration else None,
            "model": self._model(),
        }

    def _restore(self, state: State) -> None:
        if not state["arms"]:
            return
        arms, width = tuple(state["arms"]), int(state["width"])
        self._check_same(arms, width)
        calibration = state["calibration"]
        self._take_up(state["model"])
        self._calibration = Calibration.restored(calibration) if calibration else None
        self._arms, self._width, self._latency = ArmIndex(arms), width, state["latency"]

    def _check_same(self, arms: tuple[str, ...], width: int) -> None:
        """A router that knows arms and features takes up a state of the same alone."""
        if not len(self._arms):
            return
        if set(arms) != set(self.arms):
            raise StateError(
                f"the saved state is of arms {_listed(arms)}, policy {self.name!r} is fitted on "
                f"{_listed(self.arms)}; load it into `fresh()`, or into a router of these arms"
            )
        if width != self._width:
            raise StateError(
                f"the saved state is of {width} features, policy {self.name!r} is fitted on "
                f"{self._width}; use the feature builder that the state was trained with"
            )

    @property
    def _key(self) -> str:
        """How configurations name the class, for messages."""
        letters = (f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__)
        return "".join(letters).lstrip("_")


def _listed(arms: tuple[str, ...]) -> str:
    return ", ".join(sorted(arms))
