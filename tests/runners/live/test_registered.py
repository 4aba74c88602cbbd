"""A live run takes a policy of the registry as it was trained, and refuses one for other arms."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.features import HashedNgrams
from gairp.policies.greedy_linear import GreedyLinear
from gairp.records.events import Decided
from gairp.records.journal import read_events
from gairp.rewards import Utility
from gairp.runners.live.runner import LiveRunner
from gairp.runners.replay.job import Job, Protocol
from gairp.runners.replay_log.runner import ReplayLogRunner
from gairp.runners.train.document import trained_document
from gairp.tracking.registry import PolicyRegistry
from gairp.types import TrainingSet
from tests.runners.live import conftest

pytestmark = pytest.mark.filterwarnings("ignore")
CONFIG = {"_target_": "gairp.policies.greedy_linear.GreedyLinear", "predict": "quality"}


def registered(uri: str, arms: tuple[str, ...], best: str) -> str:
    """A router that has seen this arm right and the others wrong."""
    builder = HashedNgrams(dim=64)
    questions = list(conftest.sums())
    score = np.tile([float(arm == best) for arm in arms], (len(questions), 1))
    router = GreedyLinear(predict="quality", utility=Utility())
    router.fit(
        TrainingSet(
            arms=arms,
            features=builder.transform(questions),
            score=score,
            cost_usd=np.full(score.shape, 1e-5),
            latency_s=np.full(score.shape, 0.1),
            observed=np.ones(score.shape, dtype=np.bool_),
        ),
        np.random.default_rng(0),
    )
    job = Job(policy="router", config=CONFIG, seed=0, utility={}, protocol=Protocol())
    document = trained_document(
        job, router, arms=arms, builder=builder,
        features={"_target_": "gairp.features.HashedNgrams", "dim": 64}, facts={},
    )  # fmt: skip
    return f"models:/router/{PolicyRegistry(uri).register('router', document)}"


def test_a_live_run_asks_whom_the_trained_router_prefers(
    run: Callable[..., LiveRunner], tmp_path: Path
) -> None:
    """The arm that was right in training answers nonsense here: nothing is fitted anew."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    address = registered(uri, ("good", "bad"), "bad")
    load = ("policy=registered", f"policies.registered.uri={address}")
    run(*load, "features=hashed", "live.count=6")
    arms = [e.arm for e in read_events(tmp_path / "out" / "log") if isinstance(e, Decided)]
    assert arms == ["bad"] * 6
    shutil.rmtree(Path(os.environ["GAIRP_DATA_DIR"]) / "registry")  # as on another machine
    ReplayLogRunner(log=tmp_path / "out" / "log", out=tmp_path / "again").run()
    with pytest.raises(ConfigError, match=r"given metadata .*: other builders or other columns"):
        run(*load, "features=metadata", "live.count=6")
    other = registered(uri, ("good", "worse"), "good")
    with pytest.raises(ConfigError, match=r"never trained: bad; not here: worse"):
        run("policy=registered", f"policies.registered.uri={other}", "live.count=6")
