"""A Python that lacks Open Bandit Pipeline is told apart from one that fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.obp_peer import ObpPeer
from gairp.errors import MissingProgramError

FAKE_OBP = """
class Estimator:
    def __init__(self, lambda_=0.0):
        self.estimator_name = f"{type(self).__name__}{lambda_}"

class OffPolicyEvaluation:
    def __init__(self, bandit_feedback, ope_estimators):
        self.names = [one.estimator_name for one in ope_estimators]
        self.rewards = bandit_feedback["reward"]

    def estimate_policy_values(self, action_dist, estimated_rewards_by_reg_model):
        return {name: self.rewards.mean() + i for i, name in enumerate(self.names)}

    def estimate_intervals(self, n_bootstrap_samples, **_):
        if n_bootstrap_samples > 10:
            raise ValueError("too many draws")
        return dict.fromkeys(self.names)

for name in ("DirectMethod", "DoublyRobust", "DoublyRobustWithShrinkage",
             "InverseProbabilityWeighting", "SelfNormalizedDoublyRobust",
             "SelfNormalizedInverseProbabilityWeighting", "SwitchDoublyRobust"):
    globals()[name] = type(name, (Estimator,), {})
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    import numpy as np

    file = tmp_path / "log.npz"
    np.savez(
        file, rewards=np.array([0.0, 1.0]), actions=np.array([0, 1]),
        propensities=np.array([0.5, 0.5]), target=np.full((2, 2), 0.5), q_hat=np.zeros((2, 2)),
    )  # fmt: skip
    return file


def test_a_python_without_obp_is_named_with_the_remedy(log: Path) -> None:
    with pytest.raises(
        MissingProgramError, match=r"cannot run obp \(ModuleNotFoundError: No module named 'obp'\)"
    ):
        ObpPeer(sys.executable, log, draws=10)


def test_a_path_that_is_no_program_is_named(log: Path) -> None:
    with pytest.raises(MissingProgramError, match=r"/none/python: No such file .*pip install obp"):
        ObpPeer("/none/python", log, draws=10)


def test_rounds_bring_seconds_and_points(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "obp"
    package.mkdir()
    (package / "__init__.py").write_text('__version__ = "0.0"\n')
    (package / "ope.py").write_text(FAKE_OBP)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with ObpPeer(sys.executable, log, draws=10) as peer:
        assert peer.version == "0.0"
        for _ in range(2):
            seconds, points = peer.round()
            assert 0 <= seconds < 5
            assert points == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]
    with (
        ObpPeer(sys.executable, log, draws=11) as peer,
        pytest.raises(RuntimeError, match=r"obp 0\.0 failed: ValueError: too many draws"),
    ):
        peer.round()
