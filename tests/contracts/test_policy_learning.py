"""What every policy promises about learning, and about the state that it learns into."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gairp.errors import NotFittedError, PolicyError, StateError
from gairp.policies.base import BasePolicy
from gairp.protocols import Trainable
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.routing.joiner import FeedbackJoiner
from gairp.types import Context, Decision, Outcome, TrainingSet
from tests.contracts.policy_cases import REMEMBER_COMPLETIONS, Case, cases
from tests.contracts.policy_world import (
    behaviour,
    context,
    feedback,
    fingerprint,
    linear,
    outcome,
    probe,
    ready,
    run,
    snapshot,
    training_set,
)

ROOT = Path(__file__).resolve().parents[2]
Waiting = tuple[Context, Decision, Outcome]


def completed(policy: BasePolicy, requests: range) -> list[Waiting]:
    """Requests that were decided and observed, and whose feedback is still out."""
    waiting = []
    for i in requests:
        at = context(i)
        decision = policy.decide(at, DecisionRng(0, at.request_id))
        policy.observe(at, decision, outcome(at))
        waiting.append((at, decision, outcome(at)))
    return waiting


def test_a_clone_continues_alike_and_alone(case: Case) -> None:
    policy = ready(case)
    run(policy, range(30))
    twin, before = policy.clone(), snapshot(policy)
    assert behaviour(twin) == behaviour(policy)
    ahead = run(twin, range(30, 60))
    assert snapshot(policy) == before
    assert fingerprint(run(policy, range(30, 60))) == fingerprint(ahead)
    assert behaviour(policy) == behaviour(twin)


def test_a_saved_state_continues_alike(case: Case) -> None:
    policy = ready(case)
    run(policy, range(30))
    if not policy.restorable:
        with pytest.raises(StateError, match="restorable=False"):
            policy.save()
        return
    restored = policy.fresh()
    restored.load(policy.save())
    assert behaviour(restored) == behaviour(policy)
    assert fingerprint(run(restored, range(30, 330))) == fingerprint(run(policy, range(30, 330)))
    assert behaviour(restored) == behaviour(policy)


def test_an_untrained_state_can_be_saved(case: Case) -> None:
    policy = ready(case)
    if policy.restorable:
        restored = policy.fresh()
        restored.load(policy.save())
        assert fingerprint(run(restored, range(30))) == fingerprint(run(policy, range(30)))


@pytest.mark.parametrize("state", [b"", b"not a state", msgspec.msgpack.encode({"class": "Nix"})])
def test_a_foreign_state_is_refused(case: Case, state: bytes) -> None:
    policy = ready(case)
    before = snapshot(policy)
    with pytest.raises(StateError):
        policy.load(state)
    assert snapshot(policy) == before


def test_fresh_starts_over(case: Case) -> None:
    policy = ready(case, utility=Utility(cost_weight=0.1))
    run(policy, range(30))
    fresh = policy.fresh()
    assert type(fresh) is type(policy)
    assert (fresh.name, fresh.state_version) == (policy.name, 0)
    assert fresh.utility.describe() == policy.utility.describe()
    if isinstance(fresh, Trainable):
        fresh.fit(training_set(linear(0)), np.random.default_rng(0))
    untouched = ready(case, utility=Utility(cost_weight=0.1))
    assert fingerprint(run(fresh, range(30))) == fingerprint(run(untouched, range(30)))


def test_feedback_may_come_late_and_out_of_order(case: Case) -> None:
    """What is learned depends on what the feedback is about, not on what was decided last."""
    policy = ready(case)
    waiting = completed(policy, range(40))
    order = np.random.default_rng(2).permutation(40).tolist()
    student = ready(case)
    for each in waiting:
        student.observe(*each)
    for i in order:
        at, decision, done = waiting[i]
        quality = feedback(decision, float(i % 3 == 0))
        policy.learn(at, decision, done, quality)
        student.learn(at, decision, done, quality)
    assert behaviour(policy) == behaviour(student)


def test_feedback_may_never_come(case: Case) -> None:
    policy = ready(case)
    before = snapshot(policy)
    completed(policy, range(20))
    if type(policy).__name__ not in REMEMBER_COMPLETIONS:
        assert snapshot(policy) == before
    at, decision, done = completed(policy, range(20, 21))[0]
    policy.learn(at, decision, done, feedback(decision, 1.0))
    assert policy.state_version == int(policy.learns)


def test_feedback_that_comes_twice_counts_once(case: Case) -> None:
    policy, reference = ready(case), ready(case)
    joiner = FeedbackJoiner(policy, capacity=30)
    waiting = completed(policy, range(40))
    for each in waiting:
        joiner.expect(*each)
    for i, (at, decision, done) in enumerate(waiting):
        quality = feedback(decision, float(i % 2))
        # Ten of the forty have given way to younger ones.
        assert joiner.deliver(quality) == (i >= 10)
        assert not joiner.deliver(quality)
        if i >= 10:
            reference.learn(at, decision, done, quality)
    assert behaviour(policy) == behaviour(reference)


@pytest.mark.kinds("learner")
def test_a_reward_that_is_not_a_number_is_refused(case: Case) -> None:
    policy = ready(case, utility=Utility(cost_weight=1.0))
    run(policy, range(10))
    at, decision, _ = completed(policy, range(10, 11))[0]
    before = snapshot(policy)
    with pytest.raises(PolicyError, match="r10/0: the reward is nan"):
        policy.learn(at, decision, outcome(at, cost=np.nan), feedback(decision, 1.0))
    assert snapshot(policy) == before


@pytest.mark.kinds("learner")
def test_cost_and_latency_enter_what_is_learned(case: Case) -> None:
    """Quality 0.9 at a cost worth 0.2 and a latency worth 0.1 teaches what quality 0.6 does."""
    dear = ready(case, utility=Utility(cost_weight=2.0, latency_weight=0.2))
    plain = ready(case, utility=Utility(cost_weight=2.0, latency_weight=0.2))
    for at, decision, done in completed(dear, range(20)):
        plain.observe(at, decision, done)
        paid = outcome(at, cost=1e-4, latency=0.5)
        dear.learn(at, decision, paid, feedback(decision, 0.9))
        free = outcome(at, cost=0.0, latency=0.0)
        plain.learn(at, decision, free, feedback(decision, 0.9 - 0.2 - 0.1))
    for one, other in zip(probe(dear), probe(plain), strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)


# -- training -----------------------------------------------------------------------------


def fitted(case: Case, train: TrainingSet) -> BasePolicy:
    """The policy, fitted."""
    policy = case.build()
    assert isinstance(policy, Trainable)
    policy.fit(train, np.random.default_rng(0))
    return policy


@pytest.mark.kinds("trainable")
def test_a_policy_that_must_be_fitted_says_so(case: Case) -> None:
    """One that decides without it, such as a wrapper of a learner, gains nothing from it."""
    policy, ready = case.build(), fitted(case, training_set(linear(0)))
    try:
        unfitted = behaviour(policy)
    except NotFittedError:
        with pytest.raises(NotFittedError, match=repr(policy.name)):
            probe(policy)
    else:
        assert unfitted == behaviour(ready)


@pytest.mark.kinds("trainable")
def test_fitting_sees_observed_outcomes_of_its_rows_alone(case: Case) -> None:
    """What was not observed has no influence, whatever stands in its place."""
    train = training_set(linear(0))
    observed = np.random.default_rng(4).random(train.score.shape) < 0.7
    hidden = [np.where(observed, train.score, filler) for filler in (np.nan, 0.0, 1.0)]
    plans = []
    for score in hidden:
        partial = msgspec.structs.replace(train, score=score, observed=observed)
        for array in (partial.features, partial.score, partial.cost_usd, partial.latency_s):
            array.setflags(write=False)
        plans.append(probe(fitted(case, partial)))
    assert fingerprint(plans[0]) == fingerprint(plans[1]) == fingerprint(plans[2])


@pytest.mark.kinds("trainable")
def test_fitting_again_forgets_the_first_time(case: Case) -> None:
    again = fitted(case, training_set(linear(1)))
    assert isinstance(again, Trainable)
    again.fit(training_set(linear(0)), np.random.default_rng(0))
    assert fingerprint(probe(again)) == fingerprint(probe(fitted(case, training_set(linear(0)))))


# -- processes ----------------------------------------------------------------------------

_PRINT_STREAMS = """
from tests.contracts.policy_cases import cases
from tests.contracts.policy_world import fingerprint, ready, run
from gairp.errors import MissingDependencyError
for case in cases():
    try:
        print(case, fingerprint(run(ready(case), range(40))))
    except MissingDependencyError:
        print(case, "absent")
"""


def test_streams_do_not_depend_on_the_process() -> None:
    """Nothing hangs on the hash seed of the interpreter, such as the order of a set."""
    streams = []
    for hash_seed in ("1", "2"):
        finished = subprocess.run(
            [sys.executable, "-c", _PRINT_STREAMS],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        streams.append(finished.stdout.splitlines())
    assert len(streams[0]) == len(cases())
    assert streams[0] == streams[1]
