"""One learner's log as arrays, a row a first decision."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gairp.errors import TooEarlyError
from gairp.records.events import Decided, Event, Graded, Learned, Observed, Opened, unpacked
from gairp.types import Floats

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """n first decisions in the order in which they were made, and what came of them."""

    ids: tuple[str, ...]
    arms: tuple[str, ...]  #: k, every arm that was ever a candidate
    at: Floats  #: [n], seconds
    actions: Ints  #: [n]
    propensities: Floats  #: [n]
    logging: Floats  #: [n, k], 0 for an arm that was no candidate
    features: Floats  #: [n, d]; no columns where decisions had none, or of several widths
    quality: Floats  #: [n]; NaN where nobody has said how good it was
    cost_usd: Floats  #: [n], all attempts of the request; NaN unknown
    latency_s: Floats  #: [n]; NaN unknown
    units: Ints  #: [n], equal for decisions of one assignment unit or session
    versions: tuple[str, ...]  #: [n], policy and its version
    labels: Mapping[str, tuple[str, ...]]  #: tenant and category, [n] each; "" where unknown
    carried: int  #: later turns of sticky sessions, which were not drawn and are left out
    young: int  #: decisions too recent for their feedback, which are left out

    def __len__(self) -> int:
        return len(self.ids)

    def spread(self, given: Mapping[str, Mapping[str, float]]) -> Floats:
        """[n, k]: probabilities by decision and arm as a table; an arm not named has 0."""
        column = {arm: i for i, arm in enumerate(self.arms)}
        table = np.zeros((len(self), len(self.arms)))
        for row, name in enumerate(self.ids):
            for arm, p in given[name].items():
                table[row, column[arm]] = p
        return table


@dataclass(slots=True)
class _Result:
    cost_usd: float = math.nan
    latency_s: float = math.nan
    learned: float = math.nan
    graded: float = math.nan

    @property
    def quality(self) -> float:
        return self.graded if math.isnan(self.learned) else self.learned


@dataclass(slots=True)
class RowReader:
    """Takes one learner's events and gives its rows."""

    opened: Opened
    _decided: list[Decided] = field(default_factory=list)
    _results: dict[str, _Result] = field(default_factory=dict)
    _carried: int = 0
    _last: float = -math.inf

    def feed(self, event: Event, seq: int = 0) -> None:
        """The next event of the learner."""
        self._last = max(self._last, event.at)
        if isinstance(event, Decided):
            if event.kind == "primary" and event.attempt == 0:
                self._carried += event.carried
                if not event.carried:
                    self._decided.append(event)
                    self._results[event.decision_id] = _Result()
        elif isinstance(event, Observed | Learned | Graded):
            self._came(event)

    def _came(self, event: Observed | Learned | Graded) -> None:
        result = self._results.get(event.decision_id)
        if result is None:
            return
        if isinstance(event, Observed):
            result.cost_usd, result.latency_s = event.total_cost_usd, event.latency_s
        elif isinstance(event, Learned):
            result.learned = event.quality
        else:
            result.graded = event.quality

    def rows(self, *, skip: int = 0, maturity_s: float = 0.0) -> Rows:
        """All decisions but the first `skip` and those younger than `maturity_s` at the log's end.

        What is left out at the end is left out by its age alone, never by whether its feedback has
        come: those that came early would not be like the others. TooEarlyError where nothing is
        left.
        """
        old = [one for one in self._decided if one.at <= self._last - maturity_s]
        kept = old[skip:]
        if not kept:
            raise TooEarlyError(
                f"learner {self.opened.learner!r}: of {len(self._decided):,} first decisions none "
                f"is left after the first {skip:,} (train) and those younger than {maturity_s:g} s "
                "(maturity_s); log more requests"
            )
        arms = tuple(sorted({arm for one in kept for arm in one.candidates}))
        results = [self._results[one.decision_id] for one in kept]
        column = {arm: i for i, arm in enumerate(arms)}
        logging = np.zeros((len(kept), len(arms)))
        for row, one in enumerate(kept):
            for arm, p in zip(one.candidates, one.probabilities, strict=True):
                logging[row, column[arm]] = p
        return Rows(
            ids=tuple(one.decision_id for one in kept),
            arms=arms,
            at=np.array([one.at for one in kept]),
            actions=np.array([column[one.arm] for one in kept], dtype=np.int64),
            propensities=np.array([one.propensity for one in kept]),
            logging=logging,
            features=_features(kept),
            quality=np.array([one.quality for one in results]),
            cost_usd=np.array([one.cost_usd for one in results]),
            latency_s=np.array([one.latency_s for one in results]),
            units=_units(kept),
            versions=tuple(f"{one.policy} {one.policy_version}".strip() for one in kept),
            labels={
                "tenant": tuple(one.tenant or "" for one in kept),
                "category": tuple(one.category or "" for one in kept),
            },
            carried=self._carried,
            young=len(self._decided) - len(old),
        )

    @property
    def decisions(self) -> int:
        """First decisions so far, those of sticky sessions' later turns left out."""
        return len(self._decided)


def _features(kept: Sequence[Decided]) -> Floats:
    widths = {len(one.features) for one in kept}
    if len(widths) > 1:
        return np.empty((len(kept), 0))
    return np.stack([unpacked(one.features) for one in kept])


def _units(kept: Sequence[Decided]) -> Ints:
    """The assignment unit, else the session, else the request."""
    names = [one.unit or one.session or "\0" + one.request_id for one in kept]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)
