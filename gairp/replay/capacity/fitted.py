"""Service times from laws fitted on measured requests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from gairp.backends.recorded import RecordedPrompt, at
from gairp.errors import DataError
from gairp.replay.capacity.service import Seconds, Service
from gairp.rng import DecisionRng
from gairp.traces.registry import locate

Law = tuple[float, float]  #: mean and standard deviation of a logarithm


class Fitted(Service):
    """Time to first token and between tokens, both log-normal, fitted on `llmperf_latency`.

    A request's time is the first token's and that of `tokens` more. Rows with an error are left
    out of the fit.

    like: arm -> PROVIDER/MODEL of the table, such as together/llama-2-70b-chat; an arm that is not
        named is like `default`.
    tokens: of an answer whose length was not recorded.
    path: of the table; null: the registered dataset.
    """

    def __init__(
        self,
        *,
        like: Mapping[str, str] | None = None,
        default: str = "together/llama-2-70b-chat",
        tokens: float = 150.0,
        path: str | None = None,
    ) -> None:
        self.like, self.default, self.tokens = dict(like or {}), default, float(tokens)
        file = locate("llmperf_latency")["requests"] if path is None else Path(path)
        wanted = {default, *self.like.values()}
        self._laws = {name: _fit(file, name) for name in sorted(wanted)}
        self._by_column: dict[int, tuple[Law, Law]] = {}

    def named(self, arms: tuple[str, ...]) -> None:
        """Which column is which arm."""
        self._by_column = {
            column: self._laws[self.like.get(arm, self.default)] for column, arm in enumerate(arms)
        }

    def seconds(self, prompt: RecordedPrompt, column: int, rng: DecisionRng) -> Seconds:
        """Two draws."""
        first_law, gap_law = self._by_column.get(column) or self._laws[self.default]
        first, gap = (_draw(law, rng.random()) for law in (first_law, gap_law))
        tokens = at(prompt.output_tokens, column)
        return first, first + gap * (self.tokens if math.isnan(tokens) else tokens)


def _fit(file: Path, name: str) -> tuple[Law, Law]:
    """Laws of the time to first token and between tokens."""
    import pandas as pd

    table = pd.read_csv(file)
    provider, _, model = name.partition("/")
    rows = table[(table["provider"] == provider) & (table["model"] == model)]
    rows = rows[rows["error_code"].isna()]
    if len(rows) < 2:
        known = sorted(set(table["provider"] + "/" + table["model"]))
        raise DataError(f"{file}: no requests of {name!r}; there are {', '.join(known)}")
    return _law(rows["ttft_s"].to_numpy()), _law(rows["inter_token_latency_s"].to_numpy())


def _law(values: np.ndarray) -> Law:
    logs = np.log(np.maximum(values, 1e-6))
    return float(logs.mean()), float(logs.std())


def _draw(law: Law, uniform: float) -> float:
    return math.exp(law[0] + law[1] * float(ndtri(max(uniform, 2.0**-54))))
