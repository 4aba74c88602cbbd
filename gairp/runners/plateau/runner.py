"""What `gairp.run` starts for `+experiment=plateau`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from gairp.report.comparison.contest import Pair
from gairp.report.comparison.figure import draw_contest
from gairp.report.comparison.write import pairs_csv
from gairp.report.markdown import frame_table
from gairp.rewards import Utility
from gairp.runners.configured import configured
from gairp.runners.finished import digest, finished
from gairp.runners.plateau.cell import Bench, Cell
from gairp.runners.plateau.table import MIX, Pool, Table, plateau_table
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.preparing import prepare
from gairp.runners.report_folder import ReportFolder

if TYPE_CHECKING:
    from omegaconf import DictConfig


class PlateauRunner:
    """Tunes, fits and measures every router on every split of one trace."""

    def __init__(
        self,
        *,
        trace: Mapping[str, Any],
        features: Mapping[str, Any],
        routers: Mapping[str, Mapping[str, Any]],
        work: Path | str,
        out: Path | str,
        splits: int = 5,
        trials: int = 10,
        tune_rows: int = 2000,
        draws: int = 10_000,
    ) -> None:
        """`work` keeps finished cells and trials; `tune_rows` are those that a trial is fitted on.

        `routers`: name -> {policy, search}.
        """
        self.trace, self.features, self.routers = trace, features, routers
        self.work, self.out = Path(work) / str(trace["name"]), Path(out) / str(trace["name"])
        self.splits, self.trials, self.draws = int(splits), int(trials), int(draws)
        self.tune_rows = int(tune_rows)

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration."""
        settings, given = configured(config)
        return cls(trace=settings["trace"], features=settings["features"], **given)

    def run(self) -> Path:
        """Do what is missing, write the report, and return its path."""
        cells: list[Cell] = []
        tests: list[NDArray[np.int64]] = []
        prepared: Prepared | None = None
        total = self.splits * len(self.routers)
        watch = _Watch(total)
        for split in range(self.splits):
            prepared = prepare(self.trace, self.features, Utility(), seed=split)
            tests.append(prepared.rows("test"))
            cells += self._cells(prepared, split, watch)
        assert prepared is not None
        table = prepared.outcomes
        assert table.cost_usd is not None
        pool = Pool(table.quality, table.cost_usd, prepared.groups, tests)
        return self._report(plateau_table(cells, pool, draws=self.draws, seed=0), pool, prepared)

    def _cells(self, prepared: Prepared, split: int, watch: _Watch) -> Iterator[Cell]:
        bench = Bench(prepared, split, tune_rows=self.tune_rows)
        for name, given in self.routers.items():
            file = self.work / self._key(prepared, given) / f"{name}-{split}.npz"
            yield finished(Cell, file, partial(self._cell, bench, name, file, watch))
            watch.passed += 1

    def _cell(self, bench: Bench, name: str, file: Path, watch: _Watch) -> Cell:
        journal = file.with_suffix(".trials")
        cell = bench.cell(name, self.routers[name], journal, trials=self.trials)
        watch.ran(f"{self.trace['name']}: {name}, split {bench.split}")
        return cell

    def _key(self, prepared: Prepared, router: Mapping[str, Any]) -> str:
        """Cells of other settings or data are not taken for these; routers may come and go."""
        data = [prepared.feature_fingerprint, dict(prepared.facts)]
        return digest([router, self.trials, self.tune_rows, data], size=6)

    def _report(self, table: Table, pool: Pool, prepared: Prepared) -> Path:
        folder = ReportFolder(self.out)
        frame, contest = table.frame, table.contest
        folder.write_tables({"summary": frame})
        (self.out / "pairs.csv").write_text(pairs_csv(contest.pairs), encoding="utf-8", newline="")
        best, oracle = pool.best_fixed(), pool.oracle()
        draw_contest(
            contest,
            "quality over the best fixed mix at equal cost",
            folder.figure("critical_difference"),
        )
        gains = int((frame["verdict"] == "gain").sum())
        differ = [pair for pair in contest.pairs if pair.differ and pair.worse != MIX]
        return folder.write_text(
            [
                f"# The plateau on {self.trace['name']}",
                f"{len(frame)} routers, {self.splits} splits, {self.trials} trials each on "
                f"validation. {gains} of them gain significantly over the best fixed mix at equal "
                f"cost (Holm-corrected). Per-prompt oracle {oracle:.4f}, best fixed arm "
                f"{best:.4f}, AIQ of the fixed mixes {pool.mix_aiq():.4f}.",
                frame_table(frame),
                "![mean ranks over the splits, and gains](figures/critical_difference.png)",
                f"Of {_pairs(len(frame))} pairs of routers {len(differ)} differ significantly "
                f"(Holm-corrected over all {len(contest.pairs)} pairs, the mix included; "
                f"pairs.csv)" + (f": {_listed(differ)}." if differ else "."),
                "\n".join(f"- {note}" for note in prepared.notes) or "Nothing is assumed.",
            ]
        )


class _Watch:
    """Says how far the study is and how long what is left will take."""

    def __init__(self, total: int) -> None:
        self.passed = 0  #: those that are behind, run now or before
        self._total, self._ran, self._start = total, 0, time.monotonic()

    def ran(self, what: str) -> None:
        """The next one was run; the estimate is from those that were."""
        self._ran += 1
        at = self.passed + 1
        left = (time.monotonic() - self._start) / self._ran * (self._total - at)
        bar = "█" * (20 * at // self._total)
        print(f"{bar:<20} {at}/{self._total} {what}; about {left / 60:.0f} min left", flush=True)


def _pairs(k: int) -> int:
    return k * (k - 1) // 2


def _listed(pairs: Sequence[Pair]) -> str:
    """Whom each router beats."""
    beaten: dict[str, list[str]] = {}
    for pair in pairs:
        beaten.setdefault(pair.better, []).append(pair.worse)
    return "; ".join(f"{better} beats {', '.join(worse)}" for better, worse in beaten.items())
