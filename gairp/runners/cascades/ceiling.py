"""What signals are worth where money is no object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gairp.policies.cascade.scorer import AnswerScorer
from gairp.runners.cascades.checks import Check
from gairp.runners.replay.prepared import Prepared
from gairp.types import Floats


def best_scored(prepared: Prepared, signals: Sequence[str], c: float = 0.1) -> Floats:
    """Quality on test [n] of asking every arm and taking the answer of the highest score.

    The scorer is fitted on train and reads all these signals.
    """
    scorer = AnswerScorer(signals, c)
    scorer.fit(prepared.training_set("train"))
    test = prepared.training_set("test")
    chosen = scorer.scores(test).argmax(axis=1)
    return np.asarray(test.score[np.arange(len(chosen)), chosen])


def cost_of_everything(prepared: Prepared, checks: Mapping[str, Check]) -> float:
    """Mean USD of asking every arm and paying for every check, on test."""
    table, rows = prepared.outcomes, prepared.rows("test")
    assert table.cost_usd is not None
    paid = [check.cost_usd for check in checks.values() if check.cost_usd is not None]
    total = table.cost_usd[rows] + sum(table.signals[name][rows] for name in paid)
    return float(total.sum(axis=1).mean())
