"""What every cascade promises: paid attempts, no arm twice, and a pure next decision."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError, FeatureError, NotFittedError, PolicyError
from gairp.policies.base import BasePolicy, Floats, check_features, one_hot
from gairp.policies.cascade.scorer import AnswerScorer
from gairp.policies.cascade.signals import Signals
from gairp.policies.training import check_features as check_rows_finite
from gairp.policies.training import train_utility
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Attempt, Context, Decision, TrainingSet

_FOLDS = 5


class Cascade(BasePolicy):
    """The last attempt is the answer; all of them are paid for and waited for.

    A subclass writes `_first` and `_following`. Both read the context and what the attempts so far
    returned, never whether they were right. No more than `longest` arms are asked, each once, and
    of arms of the same model once altogether. Choices are certain: propensities are 1.

    signals: what the scorer reads of an answer, beside the prompt's features.
    verify: the one signal that is the score itself, in place of a learned scorer.
    models: arm -> model, for arms that ask the same model the same; an arm left out is its own.
    longest: arms asked for one request, at most. c: inverse of the scorer's penalty.
    """

    reads_features = True
    escalates = True

    def __init__(
        self,
        *,
        signals: Sequence[str] = (),
        verify: str | None = None,
        models: Mapping[str, str] | None = None,
        longest: int = 3,
        c: float = 0.1,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        if longest < 1 or not 0 < c < np.inf:
            raise ConfigError(
                f"a cascade needs longest of at least 1 and c above 0; got {longest} and {c}"
            )
        if verify is not None and signals:
            raise ConfigError(
                f"a cascade scores by the signal {verify!r} alone (verify) or by a scorer that "
                f"reads {list(signals)} (signals); give one of the two"
            )
        self.signals, self.verify = tuple(signals), verify
        self.models = dict(models or {})
        self.longest, self.c = int(longest), float(c)
        self._scorer = AnswerScorer(self.signals, self.c)
        self._width = 0

    @property
    def reads_signals(self) -> tuple[str, ...]:
        """The scorer's signals, or the one that is the score."""
        return self.signals if self.verify is None else (self.verify,)

    @property
    def fitted(self) -> bool:
        """Whether `fit` or `load` has been called."""
        return self._width > 0

    @abstractmethod
    def _first(self, context: Context) -> tuple[int, Floats | None]:
        """The candidate that is asked first, and the values of all [k] if there are any."""

    @abstractmethod
    def _following(
        self, context: Context, attempts: Sequence[Attempt], open_: Sequence[int]
    ) -> int | None:
        """One of the candidates not yet asked, or None to answer with the last attempt."""

    # -- deciding -------------------------------------------------------------------------

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        self._check_ready(context)
        index, values = self._first(context)
        return np.asarray(one_hot(len(context.candidates), index)), values

    def next_decision(
        self, context: Context, attempts: Sequence[Attempt], rng: DecisionRng
    ) -> Decision | None:
        """Escalate, or stop; the same arguments give the same decision."""
        if len(attempts) >= self.longest:
            return None
        check_features(context)
        self._check_ready(context)
        index = self._following(context, attempts, self._open(context, attempts))
        if index is None:
            return None
        return msgspec.structs.replace(
            attempts[-1].decision,
            id=f"{context.request_id}/{len(attempts)}",
            attempt=len(attempts),
            kind="escalation",
            arm=context.candidates[index],
            propensity=1.0,
            probabilities=one_hot(len(context.candidates), index),
            scores=None,
            policy=self.name,
            state_version=self.state_version,
            reason="",
        )

    def _open(self, context: Context, attempts: Sequence[Attempt]) -> list[int]:
        asked = {self._model_of(attempt.decision.arm) for attempt in attempts}
        return [i for i, arm in enumerate(context.candidates) if self._model_of(arm) not in asked]

    def _model_of(self, arm: str) -> str:
        return self.models.get(arm, arm)

    def _score(self, context: Context, attempt: Attempt) -> float:
        """How good this answer seems; NaN where that cannot be said."""
        signals = Signals.of(attempt.response)
        if self.verify is not None:
            return signals[self.verify]
        return self._scorer.score(attempt.decision.arm, context.features, signals)

    # -- training -------------------------------------------------------------------------

    def _begin_fit(self, train: TrainingSet) -> None:
        """Raises PolicyError for a signal that the training set lacks, and as `train_utility`."""
        check_rows_finite(train.features)
        train_utility(self.utility, train)
        for name in self.reads_signals:
            if name not in train.signals:
                raise PolicyError(
                    f"policy {self.name!r} reads the signal {name!r} and the training rows have "
                    f"{sorted(train.signals)}; name its column in trace.signals"
                )
        self._width = train.features.shape[1]

    def _folds(
        self, train: TrainingSet, rng: np.random.Generator
    ) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """Rows that the scorer is now fitted on, and rows held out; in the end it has all rows."""
        fold = rng.permutation(len(train.features)) % _FOLDS
        for number in range(_FOLDS):
            self._scorer.fit(train.rows(fold != number))
            yield fold != number, fold == number
        self._scorer.fit(train)

    def _scores(self, train: TrainingSet) -> Floats:
        """Scores of the observed answers [n, k] by the scorer as it is; NaN for the others."""
        if self.verify is not None:
            return np.where(train.observed, train.signals[self.verify], np.nan)
        return self._scorer.scores(train)

    def _check_ready(self, context: Context) -> None:
        if not self.fitted:
            raise NotFittedError(f"policy {self.name!r} must be fitted on train rows first")
        if len(context.features) != self._width:
            raise FeatureError(
                f"policy {self.name!r} was fitted on {self._width} features and is given "
                f"{len(context.features)}; use the feature builder that it was trained with"
            )


def cheapest(context: Context) -> int:
    """The candidate of lowest expected cost, then by name."""
    cost = np.nan_to_num(context.expected_cost, nan=np.inf)
    return min(range(len(cost)), key=lambda i: (cost[i], context.candidates[i]))
