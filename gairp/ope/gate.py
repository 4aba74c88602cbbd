"""Promote, keep, or wait: a decision between two policies that may be asked for at any time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gairp.ope.arrays import Floats, check_level
from gairp.ope.contrast import Side, log_evidence

Answer = Literal["promote", "keep", "not enough data"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One quantity of every row, scaled to [0, 1] by its declared bounds, and its model."""

    name: str
    values: Floats  #: [n]; NaN where none arrived
    modelled: Floats  #: [n], q̂_t(x, a)
    challenger: Side
    champion: Side


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A statement and the evidence for it."""

    text: str
    log_evidence: float  #: the largest so far
    row: int | None  #: the row, from 1, at which it first sufficed


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What to do, and what it rests on."""

    answer: Answer
    row: int | None  #: rows that had been seen when the answer was reached
    reasons: tuple[str, ...]
    needed: tuple[Claim, ...]  #: all of them have to be shown to promote
    against: tuple[Claim, ...]  #: one of them has to be shown to keep


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """The rule of a promotion.

    Promote once it is shown that the challenger's quality exceeds the champion's by more than
    `minimum_gain` and that every guarded quantity is below (1 + its margin) times the champion's.
    Each claim is tested at `alpha`, and all are needed, so a promotion that is not deserved has
    probability at most `alpha`, however often one looks (Berger 1982, intersection-union). Keep
    once it is shown that the gain is below `futility_gain`, or a guard is violated.
    """

    alpha: float = 0.05
    minimum_gain: float = 0.0
    futility_gain: float = 0.01
    max_weight: float | None = None  #: declared bound of π(a|x) / μ(a|x); None: none is used

    def __post_init__(self) -> None:
        check_level(self.alpha)
        if not 0.0 <= self.minimum_gain <= self.futility_gain < 1.0:
            raise ValueError(
                f"minimum_gain is {self.minimum_gain} and futility_gain {self.futility_gain}; "
                "give 0 <= minimum_gain <= futility_gain < 1"
            )

    def decide(self, quality: Measured, guards: Sequence[tuple[Measured, float]] = ()) -> Verdict:
        """The verdict on rows in the order in which they were decided; guards come with margins."""
        needed = [
            self._claim(f"gain in {quality.name} above {self.minimum_gain:g}", self._gain(quality))
        ]
        against = [
            self._claim(
                f"gain in {quality.name} below {self.futility_gain:g}", self._futile(quality)
            )
        ]
        for guard, margin in guards:
            limit = f"{1 + margin:g} × the champion's"
            needed.append(self._claim(f"{guard.name} below {limit}", self._within(guard, margin)))
            against.append(self._claim(f"{guard.name} above {limit}", self._beyond(guard, margin)))
        return _verdict(tuple(needed), tuple(against))

    def _claim(self, text: str, path: Floats) -> Claim:
        reached = np.flatnonzero(path >= -math.log(self.alpha))
        row = int(reached[0]) + 1 if len(reached) else None
        return Claim(text=text, log_evidence=float(path.max(initial=0.0)), row=row)

    def _gain(self, it: Measured) -> Floats:
        return self._evidence(it.challenger, it.champion, it, margin=self.minimum_gain)

    def _futile(self, it: Measured) -> Floats:
        return self._evidence(it.champion, it.challenger, it, margin=-self.futility_gain)

    def _within(self, it: Measured, margin: float) -> Floats:
        return self._evidence(it.champion, it.challenger, it, a=1.0 + margin)

    def _beyond(self, it: Measured, margin: float) -> Floats:
        return self._evidence(it.challenger, it.champion, it, b=1.0 + margin)

    def _evidence(
        self,
        one: Side,
        other: Side,
        it: Measured,
        *,
        a: float = 1.0,
        b: float = 1.0,
        margin: float = 0.0,
    ) -> Floats:
        return log_evidence(
            one, other, it.values, it.modelled, a=a, b=b, margin=margin, max_weight=self.max_weight
        )


def _verdict(needed: tuple[Claim, ...], against: tuple[Claim, ...]) -> Verdict:
    """Whichever was reached first: an answer does not change when more rows come."""
    all_shown = max(math.inf if claim.row is None else claim.row for claim in needed)
    stopped = [claim for claim in against if claim.row is not None]
    first = min((claim.row for claim in stopped if claim.row is not None), default=math.inf)
    if all_shown <= first and all_shown < math.inf:
        texts = tuple(f"shown: {claim.text}" for claim in needed)
        return Verdict(
            answer="promote", row=int(all_shown), reasons=texts, needed=needed, against=against
        )
    if first < math.inf:
        texts = tuple(f"shown: {claim.text}" for claim in stopped if claim.row == first)
        return Verdict(answer="keep", row=int(first), reasons=texts, needed=needed, against=against)
    texts = tuple(f"not shown yet: {claim.text}" for claim in needed if claim.row is None)
    return Verdict(
        answer="not enough data", row=None, reasons=texts, needed=needed, against=against
    )
