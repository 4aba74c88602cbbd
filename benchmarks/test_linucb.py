"""LinUCB, decide and learn, against the two libraries that a Python user would take instead."""

from __future__ import annotations

from time import process_time

import pytest
from msgspec import structs
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.linucb_loop import LinUCBLoop
from benchmarks.problem import Problem
from benchmarks.side_by_side import side_by_side

pytestmark = pytest.mark.benchmark(timer=process_time)

D, ARMS, ROUNDS = 32, 8, 15


def test_linucb_against_mabwiser(benchmark: BenchmarkFixture) -> None:
    pytest.importorskip("mabwiser", reason="mabwiser is not installed (development group)")
    from benchmarks.mabwiser_loop import MabwiserLoop

    ours = LinUCBLoop(Problem.seeded(n=2000, d=D, k=ARMS))
    theirs = MabwiserLoop(Problem.seeded(n=100, d=D, k=ARMS))
    side_by_side(
        benchmark,
        key="linucb_vs_mabwiser",
        target=1 / 50,
        ours=ours,
        theirs=theirs,
        requests=(2000, 100),
        rounds=ROUNDS,
        against="MABWiser",
    )
    assert ours.policy.state_version % 2000 == 0


def test_the_same_arms_as_mabwiser() -> None:
    """Both do the same work: given one history they choose the same arms."""
    pytest.importorskip("mabwiser", reason="mabwiser is not installed (development group)")
    from benchmarks.mabwiser_loop import MabwiserLoop

    problem = Problem.seeded(n=200, d=D, k=ARMS)
    ours, theirs = LinUCBLoop(problem), MabwiserLoop(problem)
    for arm in problem.arms:
        context, decision = ours.decide(0)
        ours.learn(context, structs.replace(decision, arm=arm), ours.quality(0, arm))
    for row in range(1, 200):
        context, decision = ours.decide(row)
        assert decision.arm == theirs.step(row)
        ours.learn(context, decision, ours.quality(row, decision.arm))


def test_linucb_against_vowpal_wabbit(benchmark: BenchmarkFixture) -> None:
    pytest.importorskip("vowpal_wabbit_next", reason="vowpal-wabbit-next is not installed")
    from benchmarks.vw_loop import VWLoop

    problem = Problem.seeded(n=2000, d=D, k=ARMS)
    ours, theirs = LinUCBLoop(problem), VWLoop(problem)
    side_by_side(
        benchmark,
        key="linucb_vs_vw",
        target=1 / 3,
        ours=ours,
        theirs=theirs,
        requests=(2000, 2000),
        rounds=ROUNDS,
        against="vowpal-wabbit-next",
    )
    assert ours.policy.state_version == theirs.steps
