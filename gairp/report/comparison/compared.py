"""The comparison: what each policy is worth on each data set and over all, and every pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gairp.errors import ConfigError, DataError
from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.critical_difference import Friedman, friedman, nemenyi_distance
from gairp.metrics.equal import gain_at_equal_cost
from gairp.metrics.interval import Estimate
from gairp.report.compared import ZERO_ROUTER
from gairp.report.comparison.contest import Contest
from gairp.report.comparison.data_set import DataSet, data_sets
from gairp.report.study import Floats, Study

Measured = Literal["gain", "utility", "quality"]
Blocks = Literal["split", "category"]
WORDS: dict[Measured, str] = {
    "gain": "quality over the best fixed mix at equal cost",
    "utility": "utility",
    "quality": "quality",
}
#: Draws for each pair: the smallest p-value, 2/B, times the pairs is 0.02 then.
DRAWS_A_PAIR = 100
#: Independent data sets from which on Friedman's test is asked.
ENOUGH_SETS = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """A set of runs, compared."""

    measured: Measured
    blocks: Blocks
    block_names: tuple[str, ...]  #: N, what the policies are ranked on
    contest: Contest
    effects: dict[str, dict[str, Estimate]]  #: data set -> policy -> effect
    sets: tuple[DataSet, ...]
    friedman: Friedman | None  #: None below five independent data sets (or three policies)
    distance: float | None  #: Nemenyi's, with it
    draws: int
    seed: int


def compare_studies(
    studies: Sequence[Study],
    *,
    measured: Measured | None = None,
    blocks: Blocks = "split",
    draws: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Compare the policies that all data sets have.

    measured: `gain` over the best fixed mix at equal cost (the default where costs are known; the
    mix then takes part as `zero_router`), `utility`, or `quality`. blocks: what policies are
    ranked on: every seed of every split, or every category of every data set. Effects are means
    over the data sets, each with the same weight. Prompts and seeds are drawn anew in each data
    set; splits of one trace share their prompts' draws. There are `draws` of them, or as many more
    as Holm's correction over all pairs takes.

    Raises ConfigError where fewer than two policies are left, or data sets differ in what is
    measured.
    """
    sets = data_sets(studies)
    known = all(one.vertices is not None for one in sets)
    chosen: Measured = measured or ("gain" if known else "quality")
    _refuse(sets, chosen, known)
    names, with_mix = _contestants(sets, chosen)
    sets = [one.among(names) for one in sets]
    columns = (*names, *([ZERO_ROUTER] if with_mix else []))
    draws = max(draws, DRAWS_A_PAIR * (len(columns) * (len(columns) - 1) // 2))
    effects = [
        _effects(one, chosen, with_mix, np.random.default_rng([seed, i]), draws)
        for i, one in enumerate(sets)
    ]
    labels, scores = _scores(sets, chosen, with_mix, blocks)
    points = np.array([point for point, _ in effects])
    test, distance = _friedman(scores if blocks == "category" else points)
    return Comparison(
        measured=chosen,
        blocks=blocks,
        block_names=labels,
        contest=Contest.of(
            columns, points.mean(axis=0), np.mean([drawn for _, drawn in effects], axis=0), scores
        ),
        effects={
            one.name: _by_policy(columns, point, drawn)
            for one, (point, drawn) in zip(sets, effects, strict=True)
        },
        sets=tuple(sets),
        friedman=test,
        distance=distance,
        draws=draws,
        seed=seed,
    )


def _refuse(sets: Sequence[DataSet], chosen: Measured, known: bool) -> None:
    if chosen == "gain" and not known:
        raise ConfigError("a gain at equal cost needs costs, and a study lacks them; take quality")
    if chosen == "utility" and len({one.utilities for one in sets}) > 1:
        listed = "; ".join(f"{one.name}: {one.utilities}" for one in sets)
        raise ConfigError(f"the data sets' utilities differ ({listed}); compare gain or quality")


def _contestants(sets: Sequence[DataSet], chosen: Measured) -> tuple[list[str], bool]:
    """The policies that all data sets have, and whether the mix takes part beside them."""
    names = sorted(p for p in sets[0].policies if all(p in other.policies for other in sets))
    with_mix = chosen == "gain" and ZERO_ROUTER not in names
    if len(names) + with_mix < 2:
        listed = "; ".join(f"{one.name}: {', '.join(sorted(one.policies))}" for one in sets)
        raise ConfigError(f"fewer than two policies are in every data set ({listed})")
    return names, with_mix


def _by_policy(columns: Sequence[str], point: Floats, drawn: Floats) -> dict[str, Estimate]:
    return {
        name: Estimate.from_draws(float(point[k]), drawn[:, k]) for k, name in enumerate(columns)
    }


def _effects(
    one: DataSet, chosen: Measured, with_mix: bool, rng: np.random.Generator, draws: int
) -> tuple[Floats, Floats]:
    """Point [k] and draws [B, k] of one data set."""
    if len(np.unique(one.groups)) < 2:
        raise DataError(f"{one.name}: one group of near-duplicate prompts gives no interval")
    boot = TwoWayBootstrap(one.groups, n_seeds=one.quality.shape[1], rng=rng, draws=draws)
    means = boot.means(*_tables(one, chosen))
    return (
        _figures(one, chosen, with_mix, means.point, means.column_point),
        _figures(one, chosen, with_mix, means.draws, means.column_draws),
    )


def _tables(one: DataSet, chosen: Measured) -> tuple[Floats, Floats | None]:
    """What is averaged over the policies' requests, and over the prompts."""
    if chosen == "utility":
        return one.utility, None
    if chosen == "quality":
        return one.quality, None
    arms = list(one.vertices or ())
    columns = np.hstack([one.arm_cost[:, arms], one.arm_quality[:, arms]])
    return np.concatenate([one.quality, one.cost]), columns


def _figures(
    one: DataSet, chosen: Measured, with_mix: bool, means: Floats, columns: Floats
) -> Floats:
    """[..., k] from means of the tables; the mix gains nothing over itself."""
    if chosen != "gain":
        return means
    k, arms = len(one.policies), columns.shape[-1] // 2
    gains = gain_at_equal_cost(
        means[..., k:], means[..., :k],
        columns[..., None, :arms], columns[..., None, arms:],
    )  # fmt: skip
    return np.concatenate([gains, np.zeros((*gains.shape[:-1], int(with_mix)))], axis=-1)


def _scores(
    sets: Sequence[DataSet], chosen: Measured, with_mix: bool, blocks: Blocks
) -> tuple[tuple[str, ...], Floats]:
    """Names [N] of the blocks and the policies' figures [N, k] on each."""
    labels, rows = [], []
    for one in sets:
        tables, columns = _tables(one, chosen)
        for label, mask in _masks(one, tables, blocks):
            weight = mask / mask.sum()
            means = np.nansum(np.where(mask, tables, np.nan) * weight, axis=(-2, -1))
            prompts = weight.sum(axis=0)
            seen = np.empty(0) if columns is None else np.nan_to_num(columns).T @ prompts
            labels.append(f"{one.name}: {label}")
            rows.append(_figures(one, chosen, with_mix, means, seen))
    return tuple(labels), np.array(rows)


def _masks(one: DataSet, tables: Floats, blocks: Blocks) -> list[tuple[str, Floats]]:
    """Which (seed, prompt) pairs make each block: [S, n] of 0 and 1."""
    known = np.asarray(~np.isnan(tables).any(axis=0), dtype=np.float64)
    if blocks == "split":
        return [(f"seed {i}", known * row[:, None]) for i, row in enumerate(np.eye(len(known)))]
    names = np.array(one.categories)
    return [(str(name), known * (names == name)) for name in np.unique(names)]


def _friedman(scores: Floats) -> tuple[Friedman | None, float | None]:
    if len(scores) < ENOUGH_SETS or scores.shape[1] < 3:
        return None, None
    return friedman(scores), nemenyi_distance(scores.shape[1], len(scores))
