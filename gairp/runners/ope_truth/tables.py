"""What came of it: bias, error, coverage and width by estimator; errors under peeking."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from gairp.runners.ope_truth.coverage import OTHERS, Coverage
from gairp.types import Floats

#: Nominal 95% intervals of these have to cover in 93 to 97 of 100 logs.
BARRED = ("ips", "snips", "dr", "sndr")
BAND = (0.93, 0.97)


def coverage_table(found: Mapping[str, tuple[Coverage, Floats]]) -> pd.DataFrame:
    """A row a logger and estimator; widths also against the bootstrap's of IPS."""
    rows = []
    for logger, (part, values) in found.items():
        truth = part.world.value(part.target)
        widths = (values[:, :, 2] - values[:, :, 1]).mean(axis=0)
        held = (values[:, :, 1] <= truth) & (truth <= values[:, :, 2])
        for i, name in enumerate(part.names):
            error = values[:, i, 0] - truth
            rows.append(
                {
                    "logger": logger,
                    "estimator": name,
                    "replications": len(values),
                    "truth": truth,
                    "bias": error.mean(),
                    "rmse": np.sqrt((error**2).mean()),
                    "coverage": held[:, i].mean(),
                    "width": widths[i],
                    "width_vs_ips_bootstrap": widths[i] / widths[0] if name in OTHERS else np.nan,
                    "refused": values[:, i, 3].mean(),
                }
            )
    return pd.DataFrame(rows)


def peeking_table(sequence: Floats, equal: Floats, better: Floats, alpha: float) -> pd.DataFrame:
    """Events that must be rare, with the one-sided binomial p-value of "no more than alpha"."""
    rare = [
        ("confidence sequence ever misses", sequence[:, 0]),
        ("plug-in sequence ever misses", sequence[:, 1]),
        ("gate promotes an equal challenger", equal[:, 0] == 1),
    ]
    rows = [_rare(what, np.asarray(events, dtype=bool), alpha) for what, events in rare]
    promoted = better[:, 0] == 1
    rows.append(
        {
            "what": "gate promotes a better challenger",
            "streams": len(better),
            "events": int(promoted.sum()),
            "rate": promoted.mean(),
            "median_row": np.median(better[promoted, 1]) if promoted.any() else np.nan,
        }
    )
    return pd.DataFrame(rows)


def _rare(what: str, events: np.ndarray, alpha: float) -> dict[str, object]:
    from scipy.stats import binomtest

    test = binomtest(int(events.sum()), len(events), alpha, alternative="greater")
    return {
        "what": what,
        "streams": len(events),
        "events": int(events.sum()),
        "rate": events.mean(),
        "p_value": test.pvalue,
    }
