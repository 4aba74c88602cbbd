"""What every policy promises; a subclass writes one or two hooks.

A stochastic policy writes `_distribution`: it computes its probability vector first and the base
draws the action from it, so that the logged propensity is exact by construction. A policy that
always takes its best arm is a `GreedyPolicy` and writes `_scores`. A policy that learns writes
`_learn`, and `_state` / `_restore` if it has something to remember.

Constructor arguments are the configuration: keyword-only, each kept in an attribute of its own
name, so that `fresh()` can rebuild the policy from them.
"""

from __future__ import annotations

import copy
import inspect
import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import ddot

from gairp.errors import FeatureError, PolicyError, StateError
from gairp.policies.state import pack, unpack
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Attempt, Context, Decision, Feedback, Outcome

Floats = NDArray[np.float64]
State = Mapping[str, Any]
Draw = tuple[int, tuple[float, ...], tuple[float, ...] | None]


class BasePolicy(ABC):
    """Checks, drawing, naming, learning and persistence, the same for all policies."""

    #: Whether `_distribution` looks at the features (they are checked only then).
    reads_features: ClassVar[bool] = False
    #: Whether a saved state continues exactly where it stopped.
    restorable: bool = True
    #: Whether the policy changes with feedback; `learn` does nothing where it does not.
    learns: ClassVar[bool] = False
    #: Whether it may ask again after an answer (a cascade).
    escalates: ClassVar[bool] = False
    #: Whether the arm is that of the highest score, and not drawn.
    takes_best: ClassVar[bool] = False

    def __init__(self, *, utility: Utility | None = None, name: str | None = None) -> None:
        self.utility = utility or Utility()
        self.name = name or type(self).__name__
        self.state_version = 0

    @property
    def reads_signals(self) -> tuple[str, ...]:
        """Names of what it reads of an answer before it may ask again."""
        return ()

    @property
    def fitted(self) -> bool:
        """Whether it may decide; False for one that must be fitted on recorded outcomes first."""
        return True

    # -- deciding -------------------------------------------------------------------------

    def decide(self, context: Context, rng: DecisionRng) -> Decision:
        """Choose an arm and say with what probability; changes no state.

        Raises PolicyError without candidates, FeatureError for features that are absent or not
        finite.
        """
        return self.decided(context, self.drawn(context, rng))

    def drawn(self, context: Context, rng: DecisionRng) -> Draw:
        """(the candidate's position, probabilities, scores) of a decision; raises as `decide`."""
        if not context.candidates:
            raise PolicyError(f"request {context.request_id}: no candidate to choose from")
        if self.reads_features:
            check_features(context)
        return self._draw(context, rng)

    def decided(self, context: Context, draw: Draw) -> Decision:
        """What was drawn as a decision of this policy."""
        index, probabilities, scores = draw
        return Decision(
            id=context.request_id + "/0",
            request_id=context.request_id,
            arm=context.candidates[index],
            propensity=probabilities[index],
            probabilities=probabilities,
            scores=scores,
            policy=self.name,
            state_version=self.state_version,
        )

    def next_decision(
        self, context: Context, attempts: Sequence[Attempt], rng: DecisionRng
    ) -> Decision | None:
        """No cascade unless a subclass makes one."""
        return None

    def _draw(self, context: Context, rng: DecisionRng) -> Draw:
        p, scores = self._distribution(context, rng)
        index = draw(p, rng.random())
        return index, tuple(p.tolist()), None if scores is None else tuple(scores.tolist())

    @abstractmethod
    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        """Probabilities over the candidates [k], and the scores behind them if there are any."""

    # -- learning -------------------------------------------------------------------------

    def observe(self, context: Context, decision: Decision, outcome: Outcome) -> None:
        """Nothing to remember of a completion unless a subclass says so."""

    def learn(
        self, context: Context, decision: Decision, outcome: Outcome, feedback: Feedback
    ) -> None:
        """Turn quality, cost and latency into a reward and update.

        Raises PolicyError where the reward is not a finite number (an unpriced arm, say), and
        FeatureError as `decide` does: a context may come from a log. Nothing is learned then.
        """
        if not self.learns:
            return
        if self.reads_features:
            check_features(context)
        reward = self.utility.of(feedback.quality, outcome.total_cost_usd, outcome.latency_s)
        if not math.isfinite(reward):
            raise PolicyError(
                f"decision {decision.id}: the reward is {reward} (quality {feedback.quality}, "
                f"cost {outcome.total_cost_usd} USD, latency {outcome.latency_s} s); price every "
                "arm, or set the weight of the unknown term to 0"
            )
        self._learn(context, decision, reward)
        self.state_version += 1

    def _learn(self, context: Context, decision: Decision, reward: float) -> None:
        """Update on one reward; a policy that does not learn ignores it."""

    # -- state ----------------------------------------------------------------------------

    def parameters(self) -> dict[str, Any]:
        """The constructor arguments by name."""
        names = inspect.signature(type(self).__init__).parameters
        return {name: getattr(self, name) for name in names if name != "self"}

    def fresh(self) -> Self:
        """An untrained policy of the same parameters."""
        rebuilt: dict[str, Any] = {
            name: value.fresh() if isinstance(value, BasePolicy) else value
            for name, value in self.parameters().items()
        }
        return type(self)(**rebuilt)

    def clone(self) -> Self:
        """An independent copy, state included."""
        return copy.deepcopy(self)

    def save(self) -> bytes:
        """The learned state; raises StateError where it cannot be restored exactly."""
        if not self.restorable:
            raise StateError(
                f"policy {self.name!r} is marked restorable=False: a saved state would not "
                "continue exactly; rebuild the policy by replaying its log"
            )
        header = {"class": type(self).__name__, "state_version": self.state_version}
        return pack({**header, "state": dict(self._state())})

    def load(self, state: bytes) -> None:
        """Take up a saved state; raises StateError where it is another policy's or damaged."""
        saved = unpack(state)
        if saved.get("class") != type(self).__name__:
            raise StateError(
                f"this state is of {saved.get('class')!r}, not of {type(self).__name__!r}: "
                "load it into the policy that saved it"
            )
        try:
            self._restore(saved["state"])
            self.state_version = int(saved["state_version"])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise StateError(
                f"the saved state of {self.name!r} is damaged ({type(error).__name__}: {error}); "
                "save it anew, or start from `fresh()`"
            ) from error

    def _state(self) -> State:
        """What must be kept to continue: arrays, numbers, strings, lists and dicts of them."""
        return {}

    def _restore(self, state: State) -> None:
        """Take up what `_state` gave; the arrays are the policy's own."""


def check_features(context: Context) -> None:
    """Raises FeatureError where the features are absent or not finite."""
    x = context.features
    if not len(x):
        raise FeatureError(
            f"request {context.request_id}: the policy reads features and there are none; "
            "choose a feature builder"
        )
    # One dot product is the cheapest way to meet every NaN and infinity.
    if not math.isfinite(ddot(x, x)):
        raise FeatureError(
            f"request {context.request_id}: the features hold a NaN, an infinity or numbers too "
            "large to square; mend the feature builder"
        )


class GreedyPolicy(BasePolicy):
    """Takes the arm of the highest score; ties go to the lowest expected cost, then the name."""

    takes_best = True

    def _draw(self, context: Context, rng: DecisionRng) -> Draw:
        scores = self._scores(context, rng).tolist()
        index = best_of(scores, context)
        return index, one_hot(len(scores), index), tuple(scores)

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        scores = self._scores(context, rng)
        return np.asarray(one_hot(len(scores), best(scores, context))), scores

    @abstractmethod
    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        """One score a candidate [k]; -inf rules a candidate out."""


def draw(p: Floats, uniform: float) -> int:
    """The index that `uniform` in [0, 1) falls on in the cumulated probabilities.

    Raises PolicyError where `p` is no probability vector.
    """
    cumulated = p.cumsum()
    total = cumulated[-1]
    if not (abs(total - 1.0) < 1e-9 and p.min() >= 0.0):
        raise PolicyError(f"these are no probabilities: {p.tolist()} (sum {total})")
    index = int(cumulated.searchsorted(uniform * total, side="right"))
    # Rounding may leave the last sum a hair below the draw: fall back to what has mass.
    return index if index < len(p) and p[index] > 0 else int(np.flatnonzero(p)[-1])


def draw_few(p: Sequence[float], uniform: float) -> int:
    """As `draw`, bit for bit, for a few numbers that are no array."""
    cumulated = list(accumulate(p))
    total = cumulated[-1]
    if not (abs(total - 1.0) < 1e-9 and min(p) >= 0.0):
        raise PolicyError(f"these are no probabilities: {list(p)} (sum {total})")
    index = bisect_right(cumulated, uniform * total)
    return index if index < len(p) and p[index] > 0 else max(i for i, q in enumerate(p) if q > 0)


def best(scores: Floats, context: Context) -> int:
    """The index of the highest score; ties by lowest expected cost, then by name."""
    return best_of(scores.tolist(), context)


def best_of(scores: list[float], context: Context) -> int:
    """As `best`, of a list: candidates are few."""
    top = max(scores)
    # max() may pass a NaN by; a sum does not, though infinities may make one.
    if (total := sum(scores)) != total and any(map(math.isnan, scores)):
        raise PolicyError(f"request {context.request_id}: a score is NaN: {scores}")
    if scores.count(top) == 1:
        return scores.index(top)
    costs, names = context.expected_cost.tolist(), context.candidates
    # A NaN, which is not equal to itself, comes last.
    return min(
        [(costs[i] if costs[i] == costs[i] else math.inf, names[i], i)
         for i, value in enumerate(scores) if value == top]
    )[2]  # fmt: skip


_ONE_HOT: dict[int, list[tuple[float, ...]]] = {}


def one_hot(k: int, index: int) -> tuple[float, ...]:
    """(0, …, 1, …, 0) of length k."""
    rows = _ONE_HOT.get(k)
    if rows is None:
        rows = [tuple(float(i == j) for j in range(k)) for i in range(k)]
        _ONE_HOT[k] = rows
    return rows[index]
