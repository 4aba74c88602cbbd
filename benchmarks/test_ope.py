"""A thousand bootstrap draws of every estimator, and the estimators of Open Bandit Pipeline."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.obp_peer import ObpPeer
from benchmarks.side_by_side import note, pedantic
from gairp.errors import MissingProgramError
from gairp.ope.arrays import Floats
from gairp.ope.bootstrap import bootstrap, percentiles
from gairp.ope.catalogue import all_estimators
from gairp.ope.direct import DirectMethod
from gairp.ope.dr import DR
from gairp.ope.estimator import Estimator
from gairp.ope.ips import IPS
from gairp.ope.logged import Logged
from gairp.ope.shrinkage import ShrinkageDR
from gairp.ope.sndr import SNDR
from gairp.ope.snips import SNIPS
from gairp.ope.switch import SwitchDR

pytestmark = pytest.mark.benchmark(timer=process_time)

ROWS, DRAWS = 100_000, 1000
THEIRS: tuple[Estimator, ...] = (
    *(IPS(), SNIPS(), DirectMethod(), DR(), SNDR()),
    *(SwitchDR(tau=10.0), ShrinkageDR(lam=100.0)),
)


def logged(n: int, k: int) -> Logged:
    """A log of n rows among k arms that every estimator can be run on."""
    rng = np.random.default_rng(0)
    logging = 0.5 * rng.dirichlet(np.ones(k), n) + 0.5 / k
    actions = (rng.random(n)[:, None] > logging.cumsum(axis=1)).sum(axis=1).clip(max=k - 1)
    return Logged(
        rewards=(rng.random(n) < 0.6).astype(float),
        actions=actions,
        propensities=logging[np.arange(n), actions],
        target=rng.dirichlet(np.ones(k), n),
        q_hat=rng.uniform(0.4, 0.8, (n, k)),
        logging=logging,
        groups=np.arange(k) // 2,
    )


def ips_loop(log: Logged) -> Floats:
    """What one writes first: resample the rows, take the mean, a thousand times."""
    rng = np.random.default_rng(1)
    terms = log.weights * log.rewards
    draws = [terms[rng.integers(len(terms), size=len(terms))].mean() for _ in range(DRAWS)]
    return np.asarray(np.quantile(draws, [0.025, 0.975]))


def test_bootstrap_of_every_estimator(benchmark: BenchmarkFixture) -> None:
    log, estimators = logged(ROWS, 8), all_estimators()

    def ours() -> Floats:
        drawn = bootstrap(log, estimators, rng=np.random.default_rng(1), draws=DRAWS)
        return percentiles(drawn)

    start = process_time()
    loop = ips_loop(log)
    plain = process_time() - start
    ends = pedantic(benchmark, ours, rounds=1)
    assert ends.shape == (len(estimators), 2)
    assert ends[0] == pytest.approx(loop, abs=0.1 * (loop[1] - loop[0]))
    if benchmark.stats is not None:
        seconds = benchmark.stats.stats.min
        note(
            benchmark,
            key="ope_bootstrap_s",
            target=30.0,
            ratio=seconds,
            text=f"seconds for {DRAWS:,} draws of {len(estimators)} estimators on {ROWS:,} rows; "
            f"a plain numpy loop of IPS alone {plain:.1f} s",
        )


@pytest.fixture
def obp(tmp_path: Path) -> Iterator[tuple[Logged, ObpPeer]]:
    """A log of Open Bandit's shape, and the other Python with it."""
    python = os.environ.get("GAIRP_OBP_PYTHON")
    if not python:
        pytest.skip("GAIRP_OBP_PYTHON is not set: the path of a Python (3.8 to 3.10) that has obp")
    log, file = logged(10_000, 80), tmp_path / "log.npz"
    np.savez(
        file,
        rewards=log.rewards,
        actions=log.actions,
        propensities=log.propensities,
        target=log.target,
        q_hat=log.model,
    )
    try:
        peer = ObpPeer(python, file, draws=DRAWS)
    except MissingProgramError as error:
        pytest.skip(f"GAIRP_OBP_PYTHON: {error}")
    with peer:
        yield log, peer


def test_against_open_bandit_pipeline(
    benchmark: BenchmarkFixture, obp: tuple[Logged, ObpPeer]
) -> None:
    log, peer = obp
    rounds: list[tuple[float, list[float]]] = []
    points: list[float] = []

    def theirs() -> None:
        rounds.append(peer.round())

    def ours() -> None:
        points[:] = [one.point(log) for one in THEIRS]
        drawn = bootstrap(log, THEIRS, rng=np.random.default_rng(0), draws=DRAWS)
        assert percentiles(drawn).shape == (len(points), 2)

    pedantic(benchmark, ours, setup=theirs, rounds=5, warmup_rounds=1)
    assert points == pytest.approx(rounds[0][1], rel=1e-9)  # both do the same work
    if benchmark.stats is None:
        return
    own, peers = benchmark.stats.stats.data, [seconds for seconds, _ in rounds[1:]]
    note(
        benchmark,
        key="obp_ratio",
        target=1 / 5,
        ratio=median(mine / other for mine, other in zip(own, peers, strict=True)),
        text=f"{median(own):.2f} s for {len(THEIRS)} estimators with intervals on 10,000 rows and "
        f"80 arms; obp {peer.version} {median(peers):.2f} s",
    )
