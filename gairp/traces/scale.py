"""The scale of the scores in a file, and how they come to [0, 1]."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from gairp.errors import ConfigError
from gairp.traces.cells import Cells
from gairp.traces.validate import check_score


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """`lowest` becomes 0 and `highest` 1; scores outside are refused, or clipped and noted."""

    lowest: float = 0.0
    highest: float = 1.0
    clip: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lowest) and math.isfinite(self.highest)) or (
            self.lowest >= self.highest
        ):
            raise ConfigError(
                f"score_range is ({self.lowest}, {self.highest}); give the lowest and the highest "
                "score of the file, in this order"
            )

    def apply(self, cells: Cells) -> tuple[Cells, tuple[str, ...]]:
        """The cells with scores in [0, 1], and notes. Raises BadRowError for a score outside."""
        score = cells.values["score"]
        notes: list[str] = []
        outside = (score < self.lowest) | (score > self.highest)
        if self.clip and outside.any():
            score = np.clip(score, self.lowest, self.highest)
            notes.append(
                f"clipped: {int(outside.sum())} of {len(score)} scores lay outside "
                f"[{self.lowest:g}, {self.highest:g}]"
            )
        check_score(cells, score, self.lowest, self.highest)
        if (self.lowest, self.highest) != (0.0, 1.0):
            score = (score - self.lowest) / (self.highest - self.lowest)
            notes.append(f"rescaled: score from [{self.lowest:g}, {self.highest:g}] to [0, 1]")
        return replace(cells, values={**cells.values, "score": score}), tuple(notes)
