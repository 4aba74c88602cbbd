"""Everything that one evaluation finds out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gairp.errors import DataError
from gairp.ope.evaluation import Evaluation, evaluate
from gairp.ope.gate import Measured, Verdict
from gairp.ope.logged import Logged
from gairp.ope.ranking import Ranked, rank
from gairp.ope.refusal import Refusal
from gairp.runners.evaluate.problem import Measures, logged, modelled
from gairp.runners.evaluate.rows import Rows
from gairp.runners.evaluate.settings import LOGGED, Settings
from gairp.runners.evaluate.slices import Slice, sliced
from gairp.types import Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Challenged:
    """One challenger against the champion."""

    name: str
    evaluation: Evaluation | Refusal
    verdict: Verdict
    slices: tuple[Slice, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What came of an evaluation."""

    rows: Rows
    champion: str
    alpha: float
    champion_evaluation: Evaluation | Refusal
    challenged: tuple[Challenged, ...]
    ranking: tuple[Ranked, ...]

    @property
    def best(self) -> Challenged:
        """The one that decides: the best of those promoted, else the first that is not refused."""
        order = [one.name for one in self.ranking]
        places = {name: i for i, name in enumerate(order)}
        answers = {"promote": 0, "not enough data": 1, "keep": 2}
        return min(
            self.challenged,
            key=lambda it: (answers[it.verdict.answer], places.get(it.name, len(order))),
        )


def judge(rows: Rows, candidates: Mapping[str, Floats], settings: Settings) -> Judged:
    """Evaluate every candidate, rank them, slice them, and ask the gate."""
    if not np.isfinite(rows.quality).any():
        raise DataError(
            f"none of the {len(rows)} decisions has a quality: no feedback and no grade is in the "
            "log; wait for feedback, or grade the answers"
        )
    targets = {LOGGED: rows.logging, **candidates}
    q_hat = modelled(rows, **settings.model, rng=_rng(settings, 1))
    problems = {
        name: logged(rows, target, q_hat, observed=settings.observed)
        for name, target in targets.items()
    }
    measures = Measures(rows, targets)
    evaluations = {name: _evaluated(name, it, rows, settings) for name, it in problems.items()}
    ranking, _ = rank(
        problems, rng=_rng(settings, 3), floor=settings.refuse, draws=settings.draws,
        alpha=settings.alpha,
    )  # fmt: skip
    champion = problems[settings.champion]
    return Judged(
        rows=rows,
        champion=settings.champion,
        alpha=settings.alpha,
        champion_evaluation=evaluations[settings.champion],
        challenged=tuple(
            Challenged(
                name=name,
                evaluation=evaluations[name],
                verdict=_verdict(name, evaluations, measures, settings),
                slices=_slices(rows, problems[name], champion, settings),
            )
            for name in settings.challengers
        ),
        ranking=ranking,
    )


def _rng(settings: Settings, stream: int) -> np.random.Generator:
    return np.random.default_rng([settings.seed, stream])


def _evaluated(name: str, log: Logged, rows: Rows, settings: Settings) -> Evaluation | Refusal:
    try:
        return evaluate(
            log,
            rng=_rng(settings, 2),
            floor=settings.refuse,
            draws=settings.draws,
            alpha=settings.alpha,
            max_weight=settings.max_weight,
            versions=rows.versions,
        )
    except ValueError as error:
        raise DataError(f"policy {name!r}: {error}") from error


def _slices(
    rows: Rows, challenger: Logged, champion: Logged, settings: Settings
) -> tuple[Slice, ...]:
    return sliced(
        rows, challenger, champion, by=settings.slices, floor=settings.refuse,
        draws=settings.draws, alpha=settings.alpha, rng=_rng(settings, 4),
    )  # fmt: skip


def _verdict(
    name: str,
    evaluations: Mapping[str, Evaluation | Refusal],
    measures: Measures,
    settings: Settings,
) -> Verdict:
    """The gate's, or "not enough data" where either estimate is refused."""
    refusals = [
        f"{each}: {reason}"
        for each in (name, settings.champion)
        if isinstance(found := evaluations[each], Refusal)
        for reason in found.reasons
    ]
    if refusals:
        return Verdict(
            answer="not enough data", row=None, reasons=tuple(refusals), needed=(), against=()
        )
    pair = name, settings.champion
    guards: list[tuple[Measured, float]] = [
        (measures.guarded(key, guard.bound, *pair), guard.margin)
        for key, guard in settings.guards.items()
        if guard.margin is not None and guard.bound is not None
    ]
    decide: Callable[..., Verdict] = settings.gate.decide
    try:
        return decide(measures.quality(*pair), guards)
    except ValueError as error:
        raise DataError(f"challenger {name!r}: {error}") from error
