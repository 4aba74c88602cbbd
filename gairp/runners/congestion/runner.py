"""What `gairp.run` starts for `+experiment=congestion`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from gairp.errors import UnknownNameError
from gairp.report.cell import written
from gairp.report.markdown import frame_table
from gairp.rewards import Utility
from gairp.runners.configured import configured
from gairp.runners.congestion.bench import Bench, Served
from gairp.runners.congestion.figure import write_figure
from gairp.runners.congestion.tables import Case, Tables, arm_shares
from gairp.runners.finished import digest, finished
from gairp.runners.replay.preparing import prepare
from gairp.runners.replay.progress import progress
from gairp.runners.report_folder import ReportFolder

if TYPE_CHECKING:
    from omegaconf import DictConfig


class CongestionRunner:
    """Sends more and more requests to the same servers, through routers that look and do not."""

    def __init__(
        self,
        *,
        trace: Mapping[str, Any],
        features: Mapping[str, Any],
        policies: Mapping[str, Mapping[str, Any]],
        arrivals: Mapping[str, Mapping[str, Any]],
        loads: Sequence[float],
        baseline: str,
        primary: str,
        work: Path | str,
        out: Path | str,
        seeds: int = 10,
        draws: int = 1000,
        places: int = 4,
        requests: int = 2000,
        warm_up: int = 200,
    ) -> None:
        """`work` keeps finished runs; `loads` are shares of the baseline router's capacity.

        `arrivals` are configurations without their rate.
        """
        self.trace, self.features = trace, features
        self.policies, self.arrivals = policies, arrivals
        self.loads = [float(load) for load in loads]
        self.baseline, self.primary = baseline, primary
        self.work, self.out = Path(work), Path(out)
        self.seeds, self.draws, self.places = int(seeds), int(draws), int(places)
        self.requests, self.warm_up = int(requests), int(warm_up)
        for key, name in (("baseline", baseline), ("primary", primary)):
            if name not in policies:
                raise UnknownNameError(f"policy in runner.{key}", name, policies)

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration."""
        settings, given = configured(config)
        return cls(trace=settings["trace"], features=settings["features"], **given)

    def run(self) -> Path:
        """Do what is missing, write the report, and return its path."""
        prepared = prepare(self.trace, self.features, Utility(), seed=0)
        bench = Bench(prepared, self.places, self.requests, self.warm_up)
        capacity = bench.capacity(bench.policy(self.baseline, self.policies[self.baseline], 0))
        runs: dict[Case, list[Served]] = {}
        total = len(self._cases()) * self.seeds
        for case, served in progress(self._all(bench, capacity), total):
            runs.setdefault(case, []).append(served)
        rows = prepared.rows("test")
        tables = Tables(rows, prepared.groups[rows], seeds=self.seeds, draws=self.draws)
        summary = tables.summary(runs, self.baseline)
        return self._report(summary, arm_shares(runs, prepared.arms), capacity, prepared.notes)

    # -- runs -----------------------------------------------------------------------------

    def _cases(self) -> list[Case]:
        return [
            (kind, load, policy)
            for kind in self.arrivals for load in self.loads for policy in self.policies
        ]  # fmt: skip

    def _all(self, bench: Bench, capacity: float) -> Iterator[tuple[Case, Served]]:
        folder = self.work / self._key(bench)
        for at, (kind, load, name) in enumerate(self._cases(), start=1):
            arrivals = {**self.arrivals[kind], "rate": load * capacity}
            key = digest([arrivals, dict(self.policies[name])], size=8)
            for seed in range(self.seeds):
                run = partial(self._served, bench, name, arrivals, seed)
                served = finished(Served, folder / key / f"{seed}.npz", run)
                yield (kind, load, name), served
            print(f"{at}/{len(self._cases())} {kind}, load {load:g}, {name}", flush=True)

    def _served(self, bench: Bench, name: str, arrivals: Mapping[str, Any], seed: int) -> Served:
        return bench.run(bench.policy(name, self.policies[name], seed), arrivals, seed)

    def _key(self, bench: Bench) -> str:
        prepared = bench.prepared
        what = {
            "bench": [self.places, self.requests, self.warm_up],
            "features": prepared.feature_fingerprint, "facts": dict(prepared.facts),
        }  # fmt: skip
        return digest(what, size=8)

    # -- report ---------------------------------------------------------------------------

    def _report(
        self, summary: pd.DataFrame, shares: pd.DataFrame, capacity: float, notes: Sequence[str]
    ) -> Path:
        folder = ReportFolder(self.out)
        folder.write_tables({"summary": summary, "shares": shares})
        write_figure(summary, folder.figure("congestion"))
        parts = [
            "# Congestion",
            self._verdict(summary),
            f"The {self.baseline} router's busiest model has no moment to spare at {capacity:.2f} "
            f"requests a second ({self.places} places a model); loads are shares of that. "
            f"{self.seeds} seeds of {self.requests:,} requests, the first {self.warm_up:,} left "
            "out. Times in seconds, queue included; ratios and losses against the "
            f"{self.baseline} router at the same arrivals, with 95% intervals.",
        ]
        for kind in self.arrivals:
            for load in self.loads:
                rows = summary[(summary["arrivals"] == kind) & (summary["load"] == load)]
                shown = rows.drop(columns=["arrivals", "load"])
                parts += [f"## {kind}, {100 * load:.0f}%", frame_table(shown, _cell)]
        parts += ["## Who answers", frame_table(shares, _cell), *(f"- {note}" for note in notes)]
        return folder.write_text(parts, shown=3)

    def _verdict(self, summary: pd.DataFrame) -> str:
        at = min(self.loads, key=lambda load: abs(load - 0.9))
        rows = summary[(summary["policy"] == self.primary) & (summary["load"] == at)]
        said = [
            f"{row.arrivals}: p95 of the time to first token {row.p95_ratio:.2f} of the "
            f"{self.baseline} router's [{row.p95_ratio_low:.2f}, {row.p95_ratio_high:.2f}], "
            f"quality {-row.quality_loss:+.4f} [{-row.loss_high:+.4f}, {-row.loss_low:+.4f}]"
            for row in _plain(rows)
        ]
        return f"**{self.primary} at {100 * at:.0f}% of capacity. {'; '.join(said)}.**"


def _plain(rows: pd.DataFrame) -> list[Any]:
    """Rows whose columns are attributes."""
    return list(rows.itertuples())


def _cell(name: str, value: object) -> str:
    short = name == "load" or name.endswith("_s") or "ratio" in name
    return written(value, ".2f" if short else ".4f")
