"""Models as judges of responses: graders that make calls, and a comparison of two responses.

A judge gets a `Backend` and an `Arm` through its constructor, and a `Rubric` that says what to ask.
A verdict that cannot be read is a grade with status `unparsed` and quality NaN, never 0.
"""

from __future__ import annotations

from gairp.rewards.judges.base import Judge
from gairp.rewards.judges.comparison import Comparison
from gairp.rewards.judges.pairwise import PairwiseJudge
from gairp.rewards.judges.pointwise import PointwiseJudge
from gairp.rewards.judges.rubric import Rubric

__all__ = ["Comparison", "Judge", "PairwiseJudge", "PointwiseJudge", "Rubric"]
