"""The bandits on Vowpal Wabbit: against its text interface, and through its model files."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from gairp.errors import ConfigError, FeatureError, MissingDependencyError, PolicyError, StateError
from gairp.policies.base import draw
from gairp.policies.vw import UPDATE, VWPolicy
from gairp.policies.vw_bag import VWBag
from gairp.policies.vw_cover import VWCover
from gairp.policies.vw_epsilon import VWEpsilon
from gairp.policies.vw_model import VWModel
from gairp.policies.vw_regcb import VWRegCB
from gairp.policies.vw_squarecb import VWSquareCB
from gairp.policies.vw_synthcover import VWSynthCover
from gairp.rng import DecisionRng
from tests.contracts.policy_world import ARMS, context, feedback, outcome, run

vw = pytest.importorskip("vowpal_wabbit_next", reason="vowpal-wabbit-next is not installed")

Floats = NDArray[np.float64]
POLICIES: dict[str, Callable[[], VWPolicy]] = {
    "epsilon": VWEpsilon,
    "epsilon_dr": lambda: VWEpsilon(cb_type="dr", learning_rate=0.1, interactions=["sa", "ssa"]),
    "squarecb": VWSquareCB,
    "cover": VWCover,
    "cover_decaying": lambda: VWCover(epsilon=None, nounif=False, psi=0.1),
    "bag": VWBag,
    "bag_greedify": lambda: VWBag(policies=9, greedify=True, epsilon=0.1, seed=7),
    "regcb": VWRegCB,
    "regcb_optimistic": lambda: VWRegCB(optimistic=True, utility_low=-1.0),
    "synthcover": VWSynthCover,
}


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest) -> VWPolicy:
    return POLICIES[request.param]()


# -- against the text interface -----------------------------------------------------------


class TextInterface:
    """The same bandit, fed with lines of VW's text format."""

    def __init__(self, options: tuple[str, ...], d: int) -> None:
        self.workspace = vw.Workspace(["--quiet", *options])
        self.parser = vw.TextFormatParser(self.workspace)
        self.d = d

    def examples(self, x: Floats, label: dict[str, str]) -> list[Any]:
        shared = " ".join(f"{i}:{value!r}" for i, value in enumerate(x.tolist()))
        lines = ["shared |s " + shared, *(f"{label.get(a, '')}|a arm={a}" for a in ARMS)]
        return [self.parser.parse_line(line) for line in lines]

    def probabilities(self, x: Floats) -> Floats:
        p = np.zeros(len(ARMS))
        for index, probability in self.workspace.predict_one(self.examples(x, {})):
            p[index] = probability
        p /= p.sum()
        return p

    def learn(self, x: Floats, arm: str, cost: float, propensity: float) -> None:
        self.workspace.learn_one(self.examples(x, {arm: f"0:{cost!r}:{propensity!r} "}))


# Synthetic cover breaks ties of its simulated policies by the last bit of a float, which processors
# round differently: one of the hundred may choose another arm.
@pytest.mark.parametrize(
    ("name", "within"), [("epsilon", 2e-5), ("cover", 2e-5), ("bag", 2e-5), ("synthcover", 0.0101)]
)
def test_decisions_are_those_of_the_text_interface(name: str, within: float) -> None:
    """On quarters, which VW's parser of decimal numbers reads exactly."""
    policy = POLICIES[name]()
    text = TextInterface(policy._options(), 4)
    rng = np.random.default_rng(1)
    for i in range(150):
        x = rng.integers(-4, 5, 4) / 4.0
        at = context(i, features=x)
        decision = policy.decide(at, DecisionRng(0, at.request_id))
        assert decision.probabilities == pytest.approx(text.probabilities(x), abs=within)
        quality = float(rng.integers(0, 5)) / 4.0
        policy.learn(at, decision, outcome(at), feedback(decision, quality))
        text.learn(x, decision.arm, 1.0 - quality, decision.propensity)


def test_epsilon_is_the_share_of_the_others() -> None:
    policy = VWEpsilon(epsilon=0.2)
    run(policy, range(60))
    p = sorted(policy.decide(context(99), DecisionRng(0, "r99")).probabilities)
    assert p == pytest.approx([0.05, 0.05, 0.05, 0.85], abs=1e-6)


def test_squarecb_explores_by_the_inverse_gap() -> None:
    """With γ = 0 uniformly; with a large γ hardly; in between monotonously."""
    best = []
    for scale in (0.0, 1.0, 10.0, 1e6):
        policy = VWSquareCB(gamma_scale=scale)
        run(policy, range(60))
        best.append(max(policy.decide(context(99), DecisionRng(0, "r99")).probabilities))
    assert best[0] == pytest.approx(0.25, abs=1e-6)
    assert best[0] < best[1] < best[2] < best[3]
    assert best[3] > 0.999


def taught(policy: VWPolicy, arm: str, propensity: float) -> bytes:
    """The state after a few rewards of one arm that was drawn with this probability."""
    for i in range(10):
        at = context(i)
        decision = msgspec.structs.replace(
            policy.decide(at, DecisionRng(0, at.request_id)), arm=arm, propensity=propensity
        )
        policy.learn(at, decision, outcome(at), feedback(decision, float(i % 2)))
    return policy.save()


@pytest.mark.parametrize("arm", ARMS)
def test_updates_take_the_logged_propensity(arm: str) -> None:
    assert taught(VWEpsilon(), arm, 0.2) != taught(VWEpsilon(), arm, 0.4)


@pytest.mark.parametrize("name", ["squarecb", "regcb"])
@pytest.mark.parametrize("arm", ARMS)
def test_plain_regression_takes_none(name: str, arm: str) -> None:
    """Not for the last candidate either, whose importance weight VW itself would keep."""
    assert taught(POLICIES[name](), arm, 0.2) == taught(POLICIES[name](), arm, 0.4)


def test_names_of_arms_may_hold_anything() -> None:
    arms = ("a b", "a|b", "a:b", "ä", "a", "7", "a\nb")
    policy = VWEpsilon(epsilon=0.0)
    for i in range(200):
        at = context(i, arms=arms, costs=[1.0] * 7)
        decision = policy.decide(at, DecisionRng(0, at.request_id))
        policy.learn(at, decision, outcome(at), feedback(decision, float(decision.arm == "a:b")))
    last = policy.decide(context(999, arms=arms, costs=[1.0] * 7), DecisionRng(0, "r999"))
    assert (last.arm, last.propensity) == ("a:b", 1.0)


def test_features_of_value_zero_are_none() -> None:
    """So a sparse vector costs what it holds, and a width that grows with zeros is the same."""
    narrow = VWModel(("--cb_explore_adf", *UPDATE, "--interactions", "sa"))
    wide = VWModel(("--cb_explore_adf", *UPDATE, "--interactions", "sa"))
    x, padded = np.array([1.0, 0.0, -2.0]), np.array([1.0, 0.0, -2.0, 0.0, 0.0])
    for model, features in ((narrow, x), (wide, padded)):
        model.learn(features, ARMS, "tiny", cost=0.3, propensity=0.5)
    assert narrow.serialize() == wide.serialize()


# -- model files --------------------------------------------------------------------------


def test_a_restored_policy_continues_exactly(policy: VWPolicy) -> None:
    """Every bit of 300 decisions, with updates between them: for all six ways to explore."""
    run(policy, range(100))
    restored = policy.fresh()
    restored.load(policy.save())
    assert policy.restorable
    assert run(restored, range(100, 400)) == run(policy, range(100, 400))
    assert restored.save() == policy.save()


@pytest.mark.parametrize(
    ("explore", "exact"),
    [
        (("--epsilon", "0.05"), True),
        (("--squarecb",), True),
        (("--regcb",), True),
        (("--synthcover",), True),
        (("--cover", "4"), False),
        (("--bag", "5"), False),
    ],
)
def test_with_its_own_updates_vw_does_not_restore_them_all(
    explore: tuple[str, ...], exact: bool
) -> None:
    """Why `UPDATE` leaves out the normalisation: where this fails, a newer VW restores it too."""

    def advance(model: VWModel, steps: range) -> tuple[list[list[float]], bytes]:
        seen = []
        for i in steps:
            x = context(i).features
            p = model.probabilities(x, ARMS)
            k = draw(p, DecisionRng(0, str(i)).random())
            cost = float(DecisionRng(1, str(i)).random() < 0.2 * k)
            model.learn(x, ARMS, ARMS[k], cost=cost, propensity=float(p[k]))
            seen.append(p.tolist())
        return seen, model.serialize()

    options = ("--cb_explore_adf", *explore, "--interactions", "sa", "--random_seed", "5")
    model = VWModel(options)
    advance(model, range(100))
    restored = VWModel(options, model.serialize())
    assert (advance(restored, range(100, 400)) == advance(model, range(100, 400))) == exact


def test_a_state_depends_on_the_updates_alone(policy: VWPolicy) -> None:
    """However much was predicted between them."""
    reference = policy.clone()
    for i in range(20):
        at = context(i)
        decision = reference.decide(at, DecisionRng(0, at.request_id))
        for learner in (reference, policy):
            learner.learn(at, decision, outcome(at), feedback(decision, 0.5))
        for j in range(i):
            policy.decide(context(j, arms=("huge", "new")), DecisionRng(0, "r"))
    assert policy.save() == reference.save()


def test_a_policy_can_go_to_another_process() -> None:
    policy = VWBag()
    run(policy, range(30))
    travelled = pickle.loads(pickle.dumps(policy))
    assert run(travelled, range(30, 60)) == run(policy, range(30, 60))


# -- refusals -----------------------------------------------------------------------------


def test_what_is_no_model_is_refused() -> None:
    policy = VWEpsilon()
    broken = {**policy._state(), "model": np.arange(9, dtype=np.uint8)}
    with pytest.raises(StateError, match="no Vowpal Wabbit model"):
        policy._restore(broken)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"epsilon": 1.5}, r"epsilon is 1\.5"),
        ({"cb_type": "sm"}, "there are: mtr, ips, dr"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"bits": 40}, "bits is 40"),
        ({"interactions": "sa"}, "cross `s`"),
        ({"interactions": ["sx"]}, "cross `s`"),
    ],
)
def test_settings_are_checked(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        VWEpsilon(**arguments)


def test_options_that_vw_refuses_are_named() -> None:
    with pytest.raises(ConfigError, match="refuses --cb_explore_adf --no_such_option"):
        VWModel(("--cb_explore_adf", "--no_such_option"))


class RunAway:
    """A workspace whose weights have become NaN."""

    def predict_one(self, examples: list[Any]) -> list[tuple[int, float]]:
        return [(i, float("nan")) for i in range(len(examples) - 1)]


def test_weights_that_run_away_are_noticed() -> None:
    policy = VWEpsilon()
    policy._model._workspace = RunAway()
    with pytest.raises(PolicyError, match="weights have run away"):
        policy.decide(context(0), DecisionRng(0, "r0"))


def test_features_too_large_for_float32_are_refused() -> None:
    policy = VWEpsilon()
    before = policy.save()
    at = context(0, features=np.full(4, 1e19))
    with pytest.raises(FeatureError, match="too large for Vowpal Wabbit's float32"):
        policy.decide(at, DecisionRng(0, "r0"))
    decision = policy.decide(context(0), DecisionRng(0, "r0"))
    with pytest.raises(FeatureError, match="too large for Vowpal Wabbit's float32"):
        policy.learn(at, decision, outcome(at), feedback(decision, 0.5))
    assert policy.save() == before


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vowpal_wabbit_next", None)
    with pytest.raises(MissingDependencyError, match=r"Python 3\.12 or older.*\[vw\]"):
        VWEpsilon()


def regrets(policy: VWPolicy, *, seed: int, change: int = 2000) -> Floats:
    """[change + 300]: three arms of logistic quality, which trade places at `change`."""
    rng = np.random.default_rng(seed)
    directions, arms = rng.normal(size=(3, 4)), ARMS[:3]
    regret = np.empty(change + 300)
    for i in range(len(regret)):
        x = np.append(1.0, rng.normal(size=3))
        quality = 1.0 / (1.0 + np.exp(-np.roll(directions, int(i >= change), axis=0) @ x))
        at = context(i, arms=arms, features=x)
        decision = policy.decide(at, DecisionRng(seed, at.request_id))
        got = quality[arms.index(decision.arm)]
        regret[i] = quality.max() - got
        policy.learn(at, decision, outcome(at), feedback(decision, float(rng.random() < got)))
    return regret


def test_steps_that_never_shrink_follow_a_change() -> None:
    fading: dict[str, Any] = {"learning_rate": 0.1, "power_t": 0.0}
    adagrad, fades = (
        np.mean([regrets(VWEpsilon(epsilon=0.1, **given), seed=s) for s in range(4)], axis=0)
        for given in ({}, fading)
    )
    assert fades[1500:2000].mean() < 1.1 * adagrad[1500:2000].mean()  # as good before it
    assert fades[2000:].mean() < 0.85 * adagrad[2000:].mean()
    assert VWEpsilon()._options() == VWEpsilon(power_t=0.5)._options()
    assert " --power_t 0.0 " in " ".join(VWEpsilon(**fading)._options())
