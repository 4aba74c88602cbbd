"""Three tables: a row a policy, a row a policy and segment, a row a policy and change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gairp.metrics.drift import adaptation_time, adoption_time, alarm_cost, false_alarms
from gairp.metrics.holm import holm
from gairp.report.world.measure import Measure
from gairp.report.world.study import WorldRun, WorldStudy
from gairp.types import Floats

Row = dict[str, Any]


def policy_table(study: WorldStudy, measure: Measure) -> pd.DataFrame:
    """What each policy was worth, what it lost, and how it was served."""
    rows = [_policy_row(name, runs, study, measure) for name, runs in study.policies.items()]
    table = pd.DataFrame(rows)
    others = table["policy"] != study.primary
    table.loc[others, "gain_p"] = holm(table.loc[others, "gain_p"].to_numpy())
    return table


def _policy_row(name: str, runs: Sequence[WorldRun], study: WorldStudy, measure: Measure) -> Row:
    row: Row = {"policy": name, "seeds": len(runs), "requests": len(runs[0]["row"])}
    for key, values in (
        ("quality", [run["quality"] for run in runs]),
        ("cost_usd", [run["cost_usd"] for run in runs]),
        ("utility", [run["utility"] for run in runs]),
        ("dynamic_regret", [run.regret for run in runs]),
    ):
        row |= _interval(key, measure.mean(runs, values))
    primary = study.policies[study.primary]
    if name != study.primary and len(primary) == len(runs):
        gain, p = measure.gain(primary, runs)
        row |= _interval("primary_gain", gain) | {"gain_p": p}
    else:
        row |= dict.fromkeys(("primary_gain", "primary_gain_low", "primary_gain_high"), np.nan)
        row["gain_p"] = np.nan
    return row | _feedback(runs) | _served(runs) | _alarms(runs)


def _interval(key: str, estimate: Any) -> Row:
    return {key: estimate.point, f"{key}_low": estimate.low, f"{key}_high": estimate.high}


def _feedback(runs: Sequence[WorldRun]) -> Row:
    told = _all(runs, "told")
    known = ~np.isnan(told)
    truth = _all(runs, "quality")
    delays = _all(runs, "told_after_s")[known]
    return {
        "told_share": known.mean(),
        "told_quality": told[known].mean() if known.any() else np.nan,
        "told_error": np.abs(told - truth)[known].mean() if known.any() else np.nan,
        "told_after_s": np.median(delays) if known.any() else np.nan,
    }


def _served(runs: Sequence[WorldRun]) -> Row:
    arm, latency = _all(runs, "arm"), _all(runs, "latency_s")
    first = _all(runs, "first_token_s")
    return {
        "refused": (arm < 0).mean(),
        **_quantiles("first_token_s", first),
        **_quantiles("latency_s", latency),
    }


def _quantiles(name: str, values: Floats) -> Row:
    known = values[~np.isnan(values)]
    ends = np.quantile(known, [0.5, 0.95]) if len(known) else (np.nan, np.nan)
    return {f"{name}_p50": ends[0], f"{name}_p95": ends[1]}


def _alarms(runs: Sequence[WorldRun]) -> Row:
    """Of a run: how many alarms, how many of them false, and what a false one cost."""
    false = [false_alarms(run["alarms"], run["segment"]) for run in runs]
    costs = [alarm_cost(run.regret, at) for run, f in zip(runs, false, strict=True) for at in f]
    known = [cost for cost in costs if cost == cost]
    return {
        "alarms": np.mean([run["alarms"][-1] for run in runs]),
        "false_alarms": np.mean([len(f) for f in false]),
        "false_alarm_cost": np.mean(known) if known else np.nan,
    }


def segment_table(study: WorldStudy, measure: Measure) -> pd.DataFrame:
    """Each segment by itself, with the share of each arm."""
    rows = []
    for name, runs in study.policies.items():
        for segment in np.unique(_all(runs, "segment")):
            inside = [run["segment"] == segment for run in runs]

            def mean(values: Sequence[Floats], inside: Sequence[Any] = inside) -> float:
                return float(np.concatenate([v[i] for v, i in zip(values, inside, strict=True)])
                             .mean())  # fmt: skip

            row: Row = {
                "policy": name,
                "segment": int(segment),
                "requests": round(float(np.mean([i.sum() for i in inside]))),
                "utility": mean([run["utility"] for run in runs]),
                "dynamic_regret": mean([run.regret for run in runs]),
                "cost_usd": mean([run["cost_usd"] for run in runs]),
            }
            hidden = [np.where(i, run["quality"], np.nan) for run, i in
                      zip(runs, inside, strict=True)]  # fmt: skip
            row |= _interval("quality", measure.mean(runs, hidden))
            for column, arm in enumerate(runs[0].arms):
                row[f"share:{arm}"] = mean([(run["arm"] == column) * 1.0 for run in runs])
            rows.append(row)
    return pd.DataFrame(rows)


def change_table(study: WorldStudy) -> pd.DataFrame:
    """How many requests a policy needs after each change, on the mean of its seeds."""
    rows = [row for name, runs in study.policies.items() for row in _changes(name, runs, study)]
    columns = ["policy", "change", "at_request", "adaptation_requests", "adoption_requests"]
    return pd.DataFrame(rows, columns=columns)


def _changes(name: str, runs: Sequence[WorldRun], study: WorldStudy) -> Iterator[Row]:
    count = min(len(run.changes) for run in runs)
    for number in range(count):
        starts = [int(run.changes[number]) for run in runs]
        yield {
            "policy": name,
            "change": number + 1,
            "at_request": int(np.median(starts)),
            "adaptation_requests": _adaptation(runs, starts, number, study),
            "adoption_requests": _adoption(runs, starts, study),
        }


def _adaptation(
    runs: Sequence[WorldRun], starts: Sequence[int], number: int, study: WorldStudy
) -> float:
    """Over the mean regret of the seeds, from one window before the change to the next change."""
    ends = [int(run.changes[number + 1]) if len(run.changes) > number + 1 else len(run["row"])
            for run in runs]  # fmt: skip
    before = min(study.window, *starts) if len(starts) > 1 else min(study.window, starts[0])
    after = min(end - start for start, end in zip(starts, ends, strict=True))
    parts = [run.regret[s - before : s + after] for run, s in zip(runs, starts, strict=True)]
    return adaptation_time(np.mean(parts, axis=0), before, window=study.window, within=study.within)


def _adoption(runs: Sequence[WorldRun], starts: Sequence[int], study: WorldStudy) -> float:
    """Of the arm that was not there before the change; NaN where none is new."""
    new = [
        column
        for column in range(len(runs[0].arms))
        if all(np.isnan(run["utilities"][s - 1, column]) and
               not np.isnan(run["utilities"][s, column])
               for run, s in zip(runs, starts, strict=True))
    ]  # fmt: skip
    if not new:
        return float("nan")
    length = min(len(run["row"]) - s for run, s in zip(runs, starts, strict=True))
    taken = [(run["arm"][s : s + length] == new[0]) * 1.0 for run, s in
             zip(runs, starts, strict=True)]  # fmt: skip
    return adoption_time(np.mean(taken, axis=0), window=study.window)


def _all(runs: Sequence[WorldRun], name: str) -> np.ndarray:
    return np.concatenate([run[name] for run in runs])
