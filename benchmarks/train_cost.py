"""What it costs to train each policy: `python -m benchmarks.train_cost` writes docs/train_cost.csv.

Processor seconds of one `fit` on 5,000 prompts × 9 models with 81 features, with the settings of
conf/policy.
"""

from __future__ import annotations

import csv
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import yaml

from benchmarks.problem import Problem
from gairp.errors import GairpError
from gairp.protocols import Trainable
from gairp.rewards import Utility
from gairp.types import TrainingSet

ROOT = Path(__file__).resolve().parent.parent
PROMPTS, D, ARMS = 5_000, 81, 9


def outcomes() -> TrainingSet:
    """Right or wrong answers, whose chances are logistic in the features."""
    problem = Problem.seeded(n=PROMPTS, d=D, k=ARMS)
    luck = np.random.default_rng(1).random((PROMPTS, ARMS))
    return TrainingSet(
        arms=problem.arms,
        features=problem.features,
        score=(luck < problem.quality).astype(np.float64),
        cost_usd=problem.cost_usd,
        latency_s=problem.latency_s,
        observed=np.ones((PROMPTS, ARMS), dtype=np.bool_),
    )


def policies() -> dict[str, Any]:
    """The options of the group `policy` that fit and need no further setting."""
    from hydra.utils import instantiate

    found: dict[str, Any] = {}
    for path in sorted((ROOT / "conf" / "policy").glob("*.yaml")):
        config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "_target_" not in config or "???" in config.values():
            continue
        try:
            policy = instantiate(config, utility=Utility(), name=path.stem, _convert_="all")
        except Exception as error:
            print(f"{path.stem}: left out ({error.__cause__ or error})")
            continue
        if isinstance(policy, Trainable):
            found[path.stem] = policy
    return found


def main() -> None:
    """Fit each twice and write the quicker one."""
    train = outcomes()
    rows = []
    for name, policy in policies().items():
        try:
            seconds = min(_fit(policy.fresh(), train) for _ in range(2))
        except GairpError as error:
            print(f"{name}: left out ({error})")
            continue
        rows.append((name, f"{seconds:.2g}"))
        print(f"{name:24} {seconds:8.3f} s", flush=True)
    with (ROOT / "docs" / "train_cost.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("policy", "seconds"))
        writer.writerows(rows)


def _fit(policy: Any, train: TrainingSet) -> float:
    start = process_time()
    policy.fit(train, np.random.default_rng(0))
    return process_time() - start


if __name__ == "__main__":
    main()
