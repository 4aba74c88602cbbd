"""Open Bandit Dataset, 10,000-row files: clicks with true propensities (Saito et al. 2021).

One folder a logging policy (random, bts) and campaign (all, men, women), each with the log and
the items' features; the prior of the production policy is a YAML file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import DataError
from gairp.traces.converters.original import REMEDY, existing, read_csv

if TYPE_CHECKING:
    import pandas as pd

POLICIES = ("random", "bts")
CAMPAIGNS = ("all", "men", "women")
LOG = "obp/dataset/obd/{policy}/{campaign}/{campaign}.csv"
ITEMS = "obp/dataset/obd/random/{campaign}/item_context.csv"
PRIOR = "obp/policy/conf/prior_bts.yaml"
NEEDED = ("timestamp", "item_id", "position", "click", "propensity_score")

#: The production policy's action distribution is a Monte Carlo estimate; these fix it.
DRAWS, SEED, POSITIONS, CHUNK = 100_000, 12345, 3, 10_000


def convert(folder: Path) -> dict[str, Any]:
    """Tables {policy}_{campaign} and item_context_{campaign}, mapping bts_prior and arrays
    bts_action_dist_{campaign} of shape [items, positions]."""
    prior = _prior(folder)
    tables: dict[str, Any] = {"bts_prior": prior}
    for campaign in CAMPAIGNS:
        for policy in POLICIES:
            tables[f"{policy}_{campaign}"] = _log(folder, policy, campaign)
        items = read_csv(folder, ITEMS.format(campaign=campaign), ["item_id"], index_col=0)
        tables[f"item_context_{campaign}"] = items
        shape = (prior[campaign]["alpha"], prior[campaign]["beta"])
        tables[f"bts_action_dist_{campaign}"] = action_distribution(*shape)
    return tables


def action_distribution(
    alpha: list[float], beta: list[float], *, draws: int = DRAWS, seed: int = SEED
) -> NDArray[np.float64]:
    """How often Bernoulli Thompson sampling ranks each item at each position, [items, 3].

    One Beta draw an item and round; the three largest fill the positions in order.
    """
    rng = np.random.RandomState(seed)
    counts = np.zeros((len(alpha), POSITIONS))
    for start in range(0, draws, CHUNK):
        size = (min(CHUNK, draws - start), len(alpha))
        ranked = np.argsort(-rng.beta(alpha, beta, size=size), axis=1)[:, :POSITIONS]
        for position in range(POSITIONS):
            counts[:, position] += np.bincount(ranked[:, position], minlength=len(alpha))
    return counts / draws


def _prior(folder: Path) -> dict[str, dict[str, list[float]]]:
    import yaml

    file = existing(folder, PRIOR)
    prior = yaml.safe_load(file.read_text(encoding="utf-8"))
    for campaign in CAMPAIGNS:
        if set(prior.get(campaign, {})) != {"alpha", "beta"}:
            raise DataError(f"{file}, key {campaign!r}: expected alpha and beta; {REMEDY}")
    return {campaign: prior[campaign] for campaign in CAMPAIGNS}


def _log(folder: Path, policy: str, campaign: str) -> pd.DataFrame:
    path = LOG.format(policy=policy, campaign=campaign)
    frame = read_csv(folder, path, NEEDED, index_col=0)
    kinds: dict[str, str] = dict.fromkeys(("item_id", "position", "click"), "int16")
    kinds |= {name: "category" for name in frame.columns if name.startswith("user_feature")}
    kinds |= {name: "float32" for name in frame.columns if name.startswith("user-item_affinity")}
    return frame.astype(kinds).reset_index(drop=True)
