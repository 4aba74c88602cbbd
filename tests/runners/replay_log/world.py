"""A small study whose jobs write logs, and the means to change a log."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gairp.records.events import Event
from gairp.records.journal import Journal
from gairp.records.log import open_log
from gairp.replay.source import Outcomes
from gairp.runners.replay.job import Job, Protocol, run_job
from gairp.runners.replay.prepared import Prepared
from tests.contracts.policy_world import ARMS, COST

N, D = 240, 4
#: Many requests under way at once; feedback comes late, and in another order than decisions.
DELAYED = Protocol(
    feedback_delay_s=3.0,
    arrivals={"_target_": "gairp.replay.arrivals.Poisson", "rate": 10.0},
)
COLD = Protocol(learn=None)


def prepared() -> Prepared:
    """Recorded outcomes of the four arms of the contract tests."""
    rng = np.random.default_rng(3)
    features = np.hstack([np.ones((N, 1)), rng.uniform(-1.0, 1.0, size=(N, D - 1))])
    quality = 1.0 / (1.0 + np.exp(-features @ rng.normal(size=(D, len(ARMS)))))
    cost = np.array([COST[arm] for arm in ARMS]) * rng.uniform(0.5, 2.0, size=(N, len(ARMS)))
    score = (rng.random(quality.shape) < quality).astype(np.float64)
    part = N // 3
    return Prepared(
        trace="small",
        outcomes=Outcomes(
            arms=ARMS,
            prompt_ids=tuple(f"p{i}" for i in range(N)),
            features=features,
            quality=score,
            cost_usd=cost,
            latency_s=rng.uniform(0.1, 5.0, size=(N, len(ARMS))),
            signals={"sign": 0.2 + 0.6 * score},
        ),
        categories=("",) * N,
        groups=np.arange(N),
        parts={
            "train": np.arange(part),
            "validation": np.arange(part, part + 5),
            "test": np.arange(part + 5, N),
        },
        cost_unit="USD",
        dropped=0,
        notes=(),
        facts={"version_numpy": np.__version__},
        feature_fingerprint="hand-made",
    )


def logged(
    folder: Path,
    config: Mapping[str, Any],
    *,
    policy: str = "it",
    seed: int = 7,
    floor: float = 0.0,
    protocol: Protocol = DELAYED,
    cost_weight: float = 0.1,
) -> Path:
    """Replay one policy and give back the folder of its log."""
    path = folder / f"{policy}-{seed}"
    run_job(
        prepared(),
        Job(
            policy=policy,
            config=config,
            seed=seed,
            utility={"cost_weight": cost_weight},
            protocol=protocol,
            floor=floor,
            log=str(path),
        ),
    )
    return path


def changed(log: Path, change: Callable[[int, Event], Event | None]) -> Path:
    """A copy of a log, event by event; None leaves one out."""
    copy = log.with_name(log.name + "-changed")
    shutil.rmtree(copy, ignore_errors=True)
    with Journal(copy) as journal:
        for number, event in enumerate(open_log(log)):
            after = change(number, event)
            if after is not None:
                journal.append(after)
    return copy
