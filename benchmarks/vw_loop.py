"""vowpal-wabbit-next: parse text, predict, draw, learn, one request at a time."""

from __future__ import annotations

from random import Random
from typing import Any

import vowpal_wabbit_next as vw

from benchmarks.problem import Problem

OPTIONS = ("--quiet", "--cb_explore_adf", "--epsilon", "0.05", "--interactions", "sa")


class VWLoop:
    """The text is written beforehand and parsed once: the label is set on the parsed example."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._workspace: Any = vw.Workspace(list(OPTIONS))
        self._parser: Any = vw.TextFormatParser(self._workspace)
        self._random = Random(0)
        actions = [f"|a {arm}" for arm in problem.arms]
        self._texts = [[_shared(row), *actions] for row in problem.features]
        self.steps = 0

    def __call__(self) -> None:
        """Predict and learn every request of the problem."""
        parse, workspace = self._parser.parse_line, self._workspace
        for row, text in enumerate(self._texts):
            examples = [parse(line) for line in text]
            arm, probability = self._draw(workspace.predict_one(examples))
            cost = 1.0 - float(self.problem.quality[row, arm])
            # Line 0 is the shared one.
            examples[arm + 1].set_label(vw.CBLabel(label=(0, cost, probability)))
            workspace.learn_one(examples)
        self.steps += len(self._texts)

    def _draw(self, distribution: list[tuple[int, float]]) -> tuple[int, float]:
        left = self._random.random()
        for arm, probability in distribution:
            left -= probability
            if left < 0.0:
                return arm, probability
        return distribution[-1]


def _shared(features: Any) -> str:
    return "shared |s " + " ".join(f"{i}:{value:.6f}" for i, value in enumerate(features))
