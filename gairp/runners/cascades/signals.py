"""How well each signal tells an arm's right answers from its wrong ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from gairp.replay.source import Outcomes
from gairp.types import Floats


def signal_table(table: Outcomes, names: Sequence[str]) -> pd.DataFrame:
    """Area under the ROC curve by signal and arm; a score above one half is right."""
    known = table.known_signals()
    return pd.DataFrame(
        {
            "signal": name,
            **{
                arm: roc_area(known[name][:, column], table.quality[:, column] > 0.5)
                for column, arm in enumerate(table.arms)
            },
        }
        for name in names
    )


def roc_area(signal: Floats, right: NDArray[np.bool_]) -> float:
    """P(signal of a right answer > of a wrong one), ties one half; NaN without either.

    Mann & Whitney (1947). Unknown signals are left out.
    """
    seen = ~np.isnan(signal)
    signal, right = signal[seen], right[seen]
    rights, wrongs = int(right.sum()), int((~right).sum())
    if not rights or not wrongs:
        return float("nan")
    ranks = rankdata(signal)[right].sum()
    return float((ranks - rights * (rights + 1) / 2) / (rights * wrongs))
