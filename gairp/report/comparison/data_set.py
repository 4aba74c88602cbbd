"""The runs of one data set as arrays: all its studies, whatever their splits and policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.report import reference
from gairp.report.compared import Compared, compare
from gairp.report.merge import merge
from gairp.report.pool_table import pool_hash
from gairp.report.study import Floats, Study


@dataclass(frozen=True, slots=True)
class DataSet:
    """k policies, S seeds (of every split), n prompts; NaN where a split lacks a prompt."""

    name: str
    policies: tuple[str, ...]
    quality: Floats  #: [k, S, n]
    cost: Floats  #: [k, S, n], NaN throughout where it is unknown
    utility: Floats  #: [k, S, n]
    arm_quality: Floats  #: [n, arms]
    arm_cost: Floats  #: [n, arms], NaN where unknown
    vertices: tuple[int, ...] | None  #: of the best fixed mix, by train; None without costs
    groups: NDArray[np.int64]  #: [n]
    categories: tuple[str, ...]  #: [n]
    splits: int
    utilities: str  #: which utility it was

    def among(self, policies: Sequence[str]) -> DataSet:
        """The same with these policies, in this order."""
        rows = [self.policies.index(name) for name in policies]
        return DataSet(
            self.name, tuple(policies), self.quality[rows], self.cost[rows], self.utility[rows],
            self.arm_quality, self.arm_cost, self.vertices, self.groups, self.categories,
            self.splits, self.utilities,
        )  # fmt: skip


def data_sets(studies: Sequence[Study]) -> list[DataSet]:
    """Studies over one pool are merged; those over splits of one trace become one data set.

    Raises ConfigError where studies of one pool cannot be merged.
    """
    pools: dict[str, list[Study]] = {}
    for study in studies:
        pools.setdefault(pool_hash(study.pool), []).append(study)
    by_trace: dict[tuple[str, ...], list[Compared]] = {}
    for group in pools.values():
        compared = compare(merge(group))
        by_trace.setdefault(_key(compared), []).append(compared)
    names = [group[0].study.facts.get("trace", group[0].study.name) for group in by_trace.values()]
    return [_joined(_unique(names, i), group) for i, group in enumerate(by_trace.values())]


def _key(compared: Compared) -> tuple[str, ...]:
    """Studies with equal keys are about the same prompts, arms, costs and utility."""
    study = compared.study
    data = study.facts.get("data_hash", pool_hash(study.pool))
    return data, *study.pool.arms, study.cost_unit, _described(study)


def _described(study: Study) -> str:
    return ", ".join(f"{k}={v}" for k, v in sorted(study.utility.items()) if v is not None)


def _unique(names: Sequence[str], i: int) -> str:
    """`name`, or `name (2)` for the second of a name."""
    before = names[:i].count(names[i])
    return f"{names[i]} ({before + 1})" if before else names[i]


def _joined(name: str, splits: Sequence[Compared]) -> DataSet:
    """One table over the union of the prompts; each split's seeds are rows of their own."""
    policies = [p for p in splits[0].runs if all(p in other.runs for other in splits)]
    place: dict[str, int] = {}
    for split in splits:
        for prompt in split.pool.prompt_ids:
            place.setdefault(prompt, len(place))
    n, arms = len(place), len(splits[0].pool.arms)
    rows = [np.array([place[prompt] for prompt in s.pool.prompt_ids]) for s in splits]
    groups, categories = np.zeros(n, dtype=np.int64), np.full(n, "", dtype=object)
    arm_quality, arm_cost = np.full((n, arms), np.nan), np.full((n, arms), np.nan)
    parts = []
    for split, at in zip(splits, rows, strict=True):
        groups[at], categories[at] = split.pool.groups, np.array(split.pool.categories, object)
        arm_quality[at] = split.pool.quality
        if split.pool.cost_usd is not None:
            arm_cost[at] = split.pool.cost_usd
        parts.append(_placed(split, policies, at, n))
    tables = np.concatenate(parts, axis=2)
    return DataSet(
        name, tuple(policies), tables[0], tables[1], tables[2], arm_quality, arm_cost,
        _vertices(splits), groups, tuple(map(str, categories)), len(splits),
        _described(splits[0].study),
    )  # fmt: skip


def _placed(split: Compared, policies: Sequence[str], at: NDArray[np.int64], n: int) -> Floats:
    """[3, k, S, n]: quality, cost and utility under the seeds that every policy has."""
    seeds = sorted(set.intersection(*({r.seed for r in split.runs[p]} for p in policies)))
    if not seeds:
        raise ConfigError(
            f"study {split.study.name!r}: its policies have no seed in common; run them on the "
            "same ones"
        )
    wide = np.full((3, len(policies), len(seeds), n), np.nan)
    for k, policy in enumerate(policies):
        by_seed = {run.seed: run for run in split.runs[policy]}
        runs = [by_seed[seed] for seed in seeds]
        quality, cost = split.table(runs, "quality"), split.table(runs, "cost_usd")
        wide[0, k][:, at], wide[1, k][:, at] = quality, cost
        wide[2, k][:, at] = split.utility.of_arrays(quality, cost, split.table(runs, "latency_s"))
    return wide


def _vertices(splits: Sequence[Compared]) -> tuple[int, ...] | None:
    """Those that any split's train puts on the hull: the more there are, the better the mix."""
    routers = [reference.mix(split) for split in splits]
    found: set[int] = set()
    for router in routers:
        if router is None:
            return None
        found |= set(router.vertices)
    return tuple(sorted(found))
