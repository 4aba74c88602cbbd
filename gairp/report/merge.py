"""Several studies over one pool as one, e.g. the jobs of a sweep on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gairp.errors import ConfigError
from gairp.report.folder import in_order
from gairp.report.pool_table import pool_hash
from gairp.report.study import Run, Study

_Key = tuple[str, float | None, int]


def merge(studies: Sequence[Study], *, primary: str | None = None) -> Study:
    """One study with all runs; name, primary policy, notes and facts are the first one's.

    Studies that differ in nothing but the cost weight of the utility make a λ sweep: the runs of
    the first one stand, the others' become points of the sweep. Sensitivities do not carry over
    to other policies and are kept for one study only. Facts that differ are listed together.

    Raises ConfigError for studies over different pools, with utilities that differ otherwise,
    with different cost units, or with different runs of one policy and seed.
    """
    first = studies[0]
    for other in studies[1:]:
        _refuse_different(first, other)
    runs: dict[_Key, Run] = {}
    for study in studies:
        for run in _relative_to(first, study):
            key = (run.policy, run.cost_weight, run.seed)
            if key in runs and not _same(runs[key], run):
                raise ConfigError(
                    f"studies {first.name!r} and {study.name!r} hold different runs of policy "
                    f"{run.policy!r}, seed {run.seed}; give one of them"
                )
            runs[key] = run
    ordered = in_order(runs.values())
    return replace(
        first,
        runs=tuple(run for run in ordered if run.cost_weight is None),
        sweep=tuple(run for run in ordered if run.cost_weight is not None),
        primary=primary or first.primary,
        comparators=tuple(sorted({name for study in studies for name in study.comparators})),
        notes=tuple(dict.fromkeys(note for study in studies for note in study.notes)),
        facts=_facts(studies),
        sensitivity=first.sensitivity if len(studies) == 1 else (),
    )


def _refuse_different(first: Study, other: Study) -> None:
    for what, of in (
        ("the pool of prompts and arms", lambda study: pool_hash(study.pool)),
        ("the cost unit", lambda study: study.cost_unit),
        ("the utility (beside cost_weight)", _utility_but_weight),
    ):
        if of(first) != of(other):
            raise ConfigError(
                f"studies {first.name!r} and {other.name!r} cannot share a report: {what} "
                f"differs ({of(first)} and {of(other)}); make one report for each"
            )


def _utility_but_weight(study: Study) -> dict[str, object]:
    rest = {k: v for k, v in study.utility.items() if k != "cost_weight" and v is not None}
    return dict(sorted(rest.items()))


def _relative_to(first: Study, study: Study) -> list[Run]:
    """The study's runs, its own ones marked as a sweep where its cost weight is another."""
    weight = float(study.utility.get("cost_weight") or 0.0)
    own = float(first.utility.get("cost_weight") or 0.0)
    if weight == own:
        return [*study.runs, *study.sweep]
    return [*(replace(run, cost_weight=weight) for run in study.runs), *study.sweep]


def _same(a: Run, b: Run) -> bool:
    names = ("rows", "arms", "propensity", "quality", "cost_usd", "latency_s")
    return all(
        np.array_equal(getattr(a, name), getattr(b, name), equal_nan=name not in ("rows", "arms"))
        for name in names
    )


def _facts(studies: Sequence[Study]) -> dict[str, str]:
    names = sorted({name for study in studies for name in study.facts})
    found = {n: dict.fromkeys(s.facts[n] for s in studies if n in s.facts) for n in names}
    return {name: "; ".join(values) for name, values in found.items()}
