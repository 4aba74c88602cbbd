"""A study's data, ready to replay: the same bytes for every worker and every policy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import UnknownNameError
from gairp.features import FeatureSpec
from gairp.replay.source import Outcomes
from gairp.report.study import Pool
from gairp.rewards import Utility
from gairp.types import Floats, TrainingSet


@dataclass(frozen=True, slots=True)
class Prepared:
    """Outcomes and features of all prompts of the pool, and who may see which."""

    trace: str
    outcomes: Outcomes
    categories: tuple[str, ...]
    groups: NDArray[np.int64]
    parts: Mapping[str, NDArray[np.int64]]  #: train, validation, test: ascending rows
    cost_unit: str
    dropped: int
    notes: tuple[str, ...]
    facts: Mapping[str, str]  #: hashes, dates, versions
    feature_fingerprint: str = ""  #: equal fingerprints, equal features of a text
    feature_spec: FeatureSpec | None = None

    @property
    def arms(self) -> tuple[str, ...]:
        """The pool's arms."""
        return self.outcomes.arms

    def rows(self, part: str) -> NDArray[np.int64]:
        """Rows of one part of the split; UnknownNameError where the split has no such part."""
        if part not in self.parts:
            raise UnknownNameError("part of the split (protocol)", part, self.parts)
        return self.parts[part]

    def expected_cost(self, part: str) -> Floats:
        """Mean cost of each arm on a part [k]: what may be known before a call."""
        return _columns(self.outcomes.cost_usd, self.rows(part), np.mean, len(self.arms))

    def max_cost(self, part: str) -> Floats:
        """Highest cost of each arm seen on a part [k]."""
        return _columns(self.outcomes.cost_usd, self.rows(part), np.max, len(self.arms))

    def without(self, arms: Collection[str]) -> Prepared:
        """The same prompts with a pool that lacks these arms."""
        if not arms:
            return self
        kept = [arm for arm in self.arms if arm not in arms]
        return replace(self, outcomes=self.outcomes.of_arms(kept))

    def training_set(self, part: str) -> TrainingSet:
        """Full information on one part, for policies that fit."""
        rows, table = self.rows(part), self.outcomes
        score = table.quality[rows]
        unknown = np.full_like(score, np.nan)
        return TrainingSet(
            arms=self.arms,
            features=table.features[rows],
            score=score,
            cost_usd=unknown if table.cost_usd is None else table.cost_usd[rows],
            latency_s=unknown if table.latency_s is None else table.latency_s[rows],
            observed=~np.isnan(score),
            signals={name: values[rows] for name, values in table.known_signals().items()},
        )

    def pool(self, fit: str, report: str, utility: Utility) -> Pool:
        """The comparators' table: reported prompts, with the means of the part that was fitted.

        The means are over the prompts that every arm answered, where there are such: with
        `missing=reject` an arm that was only asked what is easy would look good otherwise.
        """
        rows, seen, table = self.rows(report), self.rows(fit), self.outcomes
        k = len(self.arms)
        complete = seen[~np.isnan(table.quality[seen]).any(axis=1)]
        seen = complete if len(complete) else seen

        def mean(values: Floats | None) -> Floats | None:
            return None if values is None else _columns(values, seen, np.mean, k)

        train_quality = mean(table.quality)
        assert train_quality is not None
        nan = np.float64(np.nan)
        known = utility.of_arrays(
            table.quality,
            nan if table.cost_usd is None else table.cost_usd,
            nan if table.latency_s is None else table.latency_s,
        )
        return Pool(
            arms=self.arms,
            prompt_ids=tuple(table.prompt_ids[i] for i in rows),
            categories=tuple(self.categories[i] for i in rows),
            groups=self.groups[rows],
            quality=table.quality[rows],
            cost_usd=None if table.cost_usd is None else table.cost_usd[rows],
            latency_s=None if table.latency_s is None else table.latency_s[rows],
            train_quality=train_quality,
            train_cost_usd=mean(table.cost_usd),
            train_latency_s=mean(table.latency_s),
            train_utility=mean(known),
        )


def _columns(
    table: Floats | None, rows: NDArray[np.int64], reduce: Callable[[Floats], Any], k: int
) -> Floats:
    if table is None:
        return np.full(k, np.nan)
    picked = table[rows]
    known = [column[~np.isnan(column)] for column in picked.T]
    return np.array([reduce(c) if len(c) else np.nan for c in known], dtype=np.float64)
