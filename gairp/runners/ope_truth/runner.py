"""What `gairp.run` starts for `+experiment=ope_truth`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from gairp.errors import UnknownNameError
from gairp.report.cell import written
from gairp.report.markdown import frame_table
from gairp.runners.configured import configured
from gairp.runners.ope_truth.chunks import gathered
from gairp.runners.ope_truth.coverage import Coverage
from gairp.runners.ope_truth.figure import write_figure
from gairp.runners.ope_truth.parts import Design, Part, parts
from gairp.runners.ope_truth.tables import coverage_table, peeking_table
from gairp.runners.ope_truth.world import World
from gairp.runners.replay.loading import load_pool
from gairp.runners.report_folder import ReportFolder
from gairp.types import Floats

if TYPE_CHECKING:
    from omegaconf import DictConfig


class OpeTruthRunner:
    """Masks a full-information table into logs, and compares every estimate with the truth."""

    def __init__(
        self,
        *,
        trace: Mapping[str, Any],
        work: Path | str,
        out: Path | str,
        design: Mapping[str, Any],
        replications: Mapping[str, int],
        only: Sequence[str] = (),
        seed: int = 0,
    ) -> None:
        """`replications` are by part; `work` keeps finished chunks; `only` writes no report."""
        self.trace, self.work, self.out = trace, Path(work), Path(out)
        self.design = Design(**design)
        self.replications = replications
        self.only, self.seed = tuple(only), seed

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration."""
        settings, given = configured(config)
        return cls(trace=settings["trace"], **given)

    def run(self) -> Path | None:
        """Do what is missing, and write the report once all parts are there; its path."""
        world = World.of(load_pool(self.trace).pool.trace)
        every = parts(world, self.design)
        for name in self.only:
            if name not in every:
                raise UnknownNameError("part in `only`", name, every)
        found = {
            name: self._gathered(name, part)
            for name, part in every.items()
            if not self.only or name in self.only
        }
        return None if self.only else self._report(every, found)

    def _gathered(self, name: str, part: Part) -> Floats:
        count = self.replications[name]
        print(f"{name}: {count:,}", flush=True)
        return gathered(
            self.work, name, part.run, count=count, seed=self.seed,
            told=lambda text: print(text, flush=True),
        )  # fmt: skip

    def _report(self, every: Mapping[str, Part], found: Mapping[str, Floats]) -> Path:
        logs = {n: (part, found[n]) for n, part in every.items() if isinstance(part, Coverage)}
        coverage = coverage_table(logs)
        peeking = peeking_table(
            found["sequence"], found["gate, equal"], found["gate, better"], self.design.alpha
        )
        folder = ReportFolder(self.out)
        folder.write_tables({"coverage": coverage, "peeking": peeking})
        write_figure(coverage, folder.figure("coverage"))
        return folder.write_text(
            ["# Off-policy evaluation against the truth", *_tables(coverage, peeking)]
        )


def _tables(coverage: pd.DataFrame, peeking: pd.DataFrame) -> list[str]:
    texts = []
    for logger, rows in coverage.groupby("logger", sort=False):
        texts += [f"## Logger: {logger}", frame_table(rows.drop(columns="logger"), _cell)]
    return [*texts, "## Looking after every request", frame_table(peeking, _cell)]


def _cell(name: str, value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else written(value, ".4g")
