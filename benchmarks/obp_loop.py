"""Open Bandit Pipeline's estimators with their intervals; runs in a Python that has obp, alone.

Says the version of obp, reads the arrays of one log from the .npz file that it is told, runs rounds
as often as lines come on standard input, and answers each with a list: its processor seconds, and
what each estimator says. It imports nothing of ours: obp needs a Python and a numpy of its own.
"""

from __future__ import annotations

import json
import sys
from time import process_time

import numpy as np
from obp import __version__  # type: ignore[import-not-found, unused-ignore]
from obp.ope import (  # type: ignore[import-not-found, unused-ignore]
    DirectMethod,
    DoublyRobust,
    DoublyRobustWithShrinkage,
    InverseProbabilityWeighting,
    OffPolicyEvaluation,
    SelfNormalizedDoublyRobust,
    SelfNormalizedInverseProbabilityWeighting,
    SwitchDoublyRobust,
)

ESTIMATORS = (
    InverseProbabilityWeighting(),
    SelfNormalizedInverseProbabilityWeighting(),
    DirectMethod(),
    DoublyRobust(),
    SelfNormalizedDoublyRobust(),
    SwitchDoublyRobust(lambda_=10.0),
    DoublyRobustWithShrinkage(lambda_=100.0),
)


def main(file: str, draws: int) -> None:
    """Answer every line on standard input with the seconds and the values of one round."""
    print(__version__, flush=True)
    log = np.load(file)
    n, k = log["target"].shape
    feedback = {
        "n_rounds": n,
        "n_actions": k,
        "action": log["actions"],
        "position": np.zeros(n, dtype=int),
        "reward": log["rewards"],
        "pscore": log["propensities"],
        "context": np.zeros((n, 1)),
    }
    evaluation = OffPolicyEvaluation(bandit_feedback=feedback, ope_estimators=list(ESTIMATORS))
    target, q_hat = log["target"][:, :, None], log["q_hat"][:, :, None]
    for _ in sys.stdin:
        start = process_time()
        points = evaluation.estimate_policy_values(
            action_dist=target, estimated_rewards_by_reg_model=q_hat
        )
        found = evaluation.estimate_intervals(
            action_dist=target,
            estimated_rewards_by_reg_model=q_hat,
            n_bootstrap_samples=draws,
            random_state=0,
        )
        assert len(found) == len(ESTIMATORS)
        seconds = process_time() - start
        values = [float(points[one.estimator_name]) for one in ESTIMATORS]
        print(json.dumps([seconds, *values]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
