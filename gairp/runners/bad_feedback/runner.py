"""What `gairp.run` starts for `+experiment=bad_feedback`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from gairp.errors import UnknownNameError
from gairp.report.cell import written
from gairp.report.markdown import frame_table
from gairp.rewards import Utility
from gairp.runners.bad_feedback.figure import write_figure
from gairp.runners.bad_feedback.judges import JUDGES
from gairp.runners.bad_feedback.tables import Case, Judged, Tables
from gairp.runners.configured import configured
from gairp.runners.finished import digest, finished
from gairp.runners.replay.job import Protocol
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.preparing import prepare
from gairp.runners.replay.progress import progress
from gairp.runners.report_folder import ReportFolder
from gairp.runners.world.job import WorldJob, run_world_job

if TYPE_CHECKING:
    from omegaconf import DictConfig


class BadFeedbackRunner:
    """Teaches learners with worse and worse judges, and measures what is true."""

    def __init__(
        self,
        *,
        trace: Mapping[str, Any],
        features: Mapping[str, Any],
        utility: Mapping[str, Any],
        learners: Mapping[str, Mapping[str, Any]],
        judges: Mapping[str, Sequence[float]],
        work: Path | str,
        out: Path | str,
        seeds: int = 10,
        draws: int = 1000,
        learn: str = "train",
        report: str = "test",
    ) -> None:
        """`work` keeps finished runs; `judges`: a way to judge -> its levels, ascending.

        `learn` and `report` are parts of the split; learners learn on both, by bandit feedback.
        """
        self.trace, self.features, self.learners = trace, features, learners
        self.utility = dict(utility)
        self.protocol = Protocol(fit=learn, learn=learn, report=report)
        self.judges = {name: [float(x) for x in levels] for name, levels in judges.items()}
        self.work, self.out = Path(work), Path(out)
        self.seeds, self.draws = int(seeds), int(draws)
        for name in self.judges:
            if name not in JUDGES:
                raise UnknownNameError("way to judge in runner.judges", name, JUDGES)

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration."""
        settings, given = configured(config)
        shared = {name: settings[name] for name in ("trace", "features", "utility")}
        return cls(**shared, **given)

    def run(self) -> Path:
        """Do what is missing, write the report, and return its path."""
        utility = Utility(**self.utility)
        prepared = prepare(self.trace, self.features, utility, seed=0)
        runs: dict[Case, list[Judged]] = {}
        for case, judged in progress(self._all(prepared), len(self._cases()) * self.seeds):
            runs.setdefault(case, []).append(judged)
        rows, table = prepared.rows(self.protocol.report), prepared.outcomes
        nothing = np.float64(np.nan)
        arms = utility.of_arrays(
            table.quality[rows],
            nothing if table.cost_usd is None else table.cost_usd[rows],
            nothing if table.latency_s is None else table.latency_s[rows],
        )
        tables = Tables(rows, arms, prepared.groups[rows], seeds=self.seeds, draws=self.draws)
        return self._report(prepared, arms, *tables.both(runs))

    # -- runs -----------------------------------------------------------------------------

    def _cases(self) -> list[Case]:
        return [
            (judge, learner, level)
            for judge, levels in self.judges.items()
            for learner in self.learners
            for level in levels
        ]

    def _all(self, prepared: Prepared) -> Iterator[tuple[Case, Judged]]:
        shared = [prepared.feature_fingerprint, dict(prepared.facts), self.utility,
                  self.protocol.fit, self.protocol.report]  # fmt: skip
        data, worst = digest(shared, size=8), self._worst(prepared)
        for at, (judge, learner, level) in enumerate(self._cases(), start=1):
            feedback = JUDGES[judge](level, worst)
            key = digest([dict(feedback), dict(self.learners[learner])], size=8)
            for seed in range(self.seeds):
                file = self.work / data / key / f"{seed}.npz"
                run = partial(self._judged, prepared, learner, feedback, seed)
                yield (judge, learner, level), finished(Judged, file, run)
            print(f"{at}/{len(self._cases())} {judge}, {learner}, {level:g}", flush=True)

    def _judged(
        self, prepared: Prepared, learner: str, feedback: Mapping[str, Any], seed: int
    ) -> Judged:
        """Learn on both parts what this judge says."""
        job = WorldJob(
            policy=learner, config=self.learners[learner], seed=seed, utility=self.utility,
            protocol=self.protocol, feedback={"judge": feedback},
        )  # fmt: skip
        run = run_world_job(prepared, job)
        return Judged(run["row"], run["utility"], np.abs(run["told"] - run["quality"]))

    def _worst(self, prepared: Prepared) -> str:
        """By mean quality on the part that is learned on."""
        means = prepared.outcomes.quality[prepared.rows(self.protocol.fit)].mean(axis=0)
        return prepared.arms[int(means.argmin())]

    # -- report ---------------------------------------------------------------------------

    def _report(
        self, prepared: Prepared, arms: np.ndarray, table: pd.DataFrame, ends: pd.DataFrame
    ) -> Path:
        folder = ReportFolder(self.out)
        folder.write_tables({"summary": table, "break_even": ends}, unknown="—")
        write_figure(table, folder.figure("bad_feedback"))
        best = int(arms.mean(axis=0).argmax())
        parts = [
            f"# Bad feedback on {prepared.trace}",
            f"Best fixed model: {prepared.arms[best]}, {arms.mean(axis=0)[best]:.4f}; per-prompt "
            f"oracle {arms.max(axis=1).mean():.4f}. {self.seeds} seeds; gains are true utility "
            "above the fixed model that is best in hindsight, with 95% intervals over prompts and "
            "seeds.",
            "## Where routing stops to pay",
            frame_table(ends, _cell),
            "`break_even`: the level at which the gain is 0, with its interval; ∞: at none that "
            "was tried. `better_up_to`, `worse_from`: levels at which the interval excludes 0.",
        ]
        for judge, rows in table.groupby("judge", sort=False):
            shown = rows.drop(columns=["judge"])
            said = (JUDGES[str(judge)].__doc__ or "").strip()
            parts += [f"## {judge}", said, frame_table(shown, _cell)]
        return folder.write_text(parts, shown=4)


def _cell(name: str, value: object) -> str:
    levels = ("level", "break_even", "low", "high", "better_up_to", "worse_from")
    return written(value, ".2f" if name in levels else ".4f")
