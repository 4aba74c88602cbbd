"""What the contextual bandits on Vowpal Wabbit share (`--cb_explore_adf`, Bietti et al. 2021)."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from gairp.errors import ConfigError, FeatureError
from gairp.policies.base import BasePolicy, Floats, State
from gairp.policies.vw_model import VWModel
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision

#: AdaGrad with VW's safe importance weights, without its scale-free normalisation. Where several
#: regressions share one model (cover, bag), VW keeps a normaliser for each but writes only the
#: first one to the model file: with normalisation they would not restore exactly.
UPDATE = ("--adaptive", "--invariant")
_ADAGRAD = 0.5


class VWPolicy(BasePolicy):
    """Linear costs of features x arm, explored as a subclass says.

    Cost = 1 - utility: at least 0, so that an arm that was never tried, predicted to cost 0, looks
    as good as an arm can be. Propensities are VW's, renormalised in float64 so that they sum to 1,
    and the arm is drawn from that vector. A subclass keeps its parameters and names VW's options
    in `_exploration`. Parameters of all:

    learning_rate: VW's `-l`.
    bits: 2^bits weights; with arms x features near that number, features collide.
    interactions: namespaces to cross: `s` the features, `a` the arm.
    power_t: how fast a weight's steps shrink, as (Σ g²)^-power_t of its gradients g: VW's 0.5 is
        AdaGrad; with 0 they never do, and what was learned long ago fades.
    """

    reads_features = True
    learns = True
    #: Whether VW weights an update by 1 / propensity; where not, the method is plain regression.
    importance_weighted: ClassVar[bool] = True

    def __init__(
        self,
        *,
        learning_rate: float,
        bits: int,
        interactions: Iterable[str],
        utility: Utility | None,
        name: str | None,
        seed: int = 0,
        power_t: float = _ADAGRAD,
    ) -> None:
        super().__init__(utility=utility, name=name)
        self.learning_rate = at_least("learning_rate", learning_rate, 0.0)
        self.power_t = at_least("power_t", power_t, 0.0, 1.0)
        if not 8 <= bits <= 30:
            raise ConfigError(f"vw.bits is {bits}; give a number between 8 and 30")
        self.bits = int(bits)
        self.interactions = tuple(interactions)
        for crossed in self.interactions:
            if len(crossed) < 2 or set(crossed) - {"s", "a"}:
                raise ConfigError(
                    f"vw.interactions has {crossed!r}; cross `s` (features) and `a` (arm): sa, ssa"
                )
        self.seed = int(seed)
        self._width = 0
        self._model = VWModel(self._options())

    @abstractmethod
    def _exploration(self) -> list[str]:
        """VW's options for this way to explore."""

    def _options(self) -> tuple[str, ...]:
        crossed = [option for pair in self.interactions for option in ("--interactions", pair)]
        common = ["-b", str(self.bits), "-l", repr(self.learning_rate)]
        if self.power_t != _ADAGRAD:  # a model file holds its options: VW's own default stays out
            common += ["--power_t", repr(self.power_t)]
        seed = ["--random_seed", str(self.seed)]
        return ("--cb_explore_adf", *self._exploration(), *UPDATE, *common, *crossed, *seed)

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        self._check_width(context)
        return self._model.probabilities(context.features, context.candidates), None

    def _learn(self, context: Context, decision: Decision, reward: float) -> None:
        self._check_width(context)
        self._model.learn(
            context.features,
            context.candidates,
            decision.arm,
            cost=1.0 - reward,
            propensity=decision.propensity if self.importance_weighted else 1.0,
        )
        self._width = len(context.features)

    def _check_width(self, context: Context) -> None:
        if self._width and len(context.features) != self._width:
            raise FeatureError(
                f"policy {self.name!r} learned on {self._width} features and is given "
                f"{len(context.features)}; use the feature builder that it was trained with"
            )

    def _state(self) -> State:
        return {"width": self._width, "model": np.frombuffer(self._model.serialize(), np.uint8)}

    def _restore(self, state: State) -> None:
        self._model = VWModel(self._options(), state["model"].tobytes())
        self._width = int(state["width"])


def at_least(key: str, value: float, low: float, high: float = math.inf) -> float:
    """The value, or a ConfigError where it is not finite or out of its range."""
    if not (math.isfinite(value) and low <= value <= high):
        raise ConfigError(f"vw.{key} is {value}; give a number between {low} and {high}")
    return float(value)


def one_of(key: str, value: str, known: tuple[str, ...]) -> str:
    """The value, or a ConfigError where it is none of those known."""
    if value not in known:
        raise ConfigError(f"vw.{key} is {value!r}; there are: {', '.join(known)}")
    return value
