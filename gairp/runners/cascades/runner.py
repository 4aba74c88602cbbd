"""What `gairp.run` starts for `+experiment=cascades`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gairp.report.markdown import frame_table
from gairp.rewards import Utility
from gairp.runners.cascades.bench import Bench
from gairp.runners.cascades.ceiling import best_scored, cost_of_everything
from gairp.runners.cascades.checks import Check
from gairp.runners.cascades.compare import Comparison, Prompts
from gairp.runners.cascades.curve import Curve
from gairp.runners.cascades.figure import write_figure
from gairp.runners.cascades.signals import signal_table
from gairp.runners.configured import configured
from gairp.runners.finished import digest, finished
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.preparing import prepare
from gairp.runners.replay.progress import progress
from gairp.runners.report_folder import ReportFolder

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

_SHOWN = (
    *("method", "aiq", "over_mix", "over_router", "p_value", "verdict", "top_quality"),
    *("top_cost_usd_per_1k", "top_attempts", "top_latency_s"),
)


class CascadesRunner:
    """Fits each method on train at every weight of cost and compares their curves on test."""

    def __init__(
        self,
        *,
        trace: Mapping[str, Any],
        features: Mapping[str, Any],
        methods: Mapping[str, Mapping[str, Any]],
        checks: Mapping[str, Mapping[str, Any]],
        free: Sequence[str],
        weights: Sequence[float],
        drawn: Sequence[str],
        work: Path | str,
        out: Path | str,
        splits: int = 10,
        draws: int = 1000,
    ) -> None:
        """`work` keeps finished curves; `drawn` are the cascades whose curves the figure shows.

        `methods`: name -> {policy, kind: router | cascade | other, checks}. `weights` are utility
        over the range of the arms' mean costs; `free` are the signals that come with every answer,
        `checks` those that are paid for.
        """
        self.trace, self.features, self.methods = trace, features, methods
        self.checks = {name: Check(**given) for name, given in checks.items()}
        self.free, self.weights = tuple(free), [float(w) for w in weights]
        self.drawn = [name for name in drawn if name in methods]
        self.work, self.out = Path(work), Path(out)
        self.splits, self.draws = int(splits), int(draws)

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration."""
        settings, given = configured(config)
        return cls(trace=settings["trace"], features=settings["features"], **given)

    def run(self) -> Path:
        """Do what is missing, write the report, and return its path."""
        prepared = [
            prepare(self.trace, self.features, Utility(), seed=split)
            for split in range(self.splits)
        ]
        total = self.splits * len(self.methods)
        found: dict[str, list[Curve]] = {name: [] for name in self.methods}
        for name, curve in progress(self._curves(prepared), total):
            found[name].append(curve)
        outcomes = prepared[0].outcomes
        assert outcomes.cost_usd is not None
        prompts = Prompts(
            outcomes.quality, outcomes.cost_usd, prepared[0].groups,
            [one.rows("test") for one in prepared],
        )  # fmt: skip
        comparison = Comparison(found, prompts, draws=self.draws, seed=0)
        signals = (*self.free, "output_tokens", *{c.signal: None for c in self.checks.values()})
        ceiling = (
            float(np.mean([best_scored(one, signals).mean() for one in prepared])),
            float(np.mean([cost_of_everything(one, self.checks) for one in prepared])),
        )
        return self._report(comparison, signal_table(outcomes, signals), ceiling)

    def _curves(self, prepared: Sequence[Prepared]) -> Iterator[tuple[str, Curve]]:
        for split, data in enumerate(prepared):
            bench = Bench(data, split, checks=self.checks, free=self.free, weights=self.weights)
            for name, given in self.methods.items():
                file = self.work / self._key(data, given) / f"{name}-{split}.npz".replace(" ", "_")
                yield name, finished(Curve, file, partial(bench.curve, name, given))

    def _key(self, data: Prepared, given: Mapping[str, Any]) -> str:
        """Curves of other settings or data are not taken for these."""
        checks = {name: check.columns for name, check in self.checks.items()}
        facts = [dict(data.facts), data.feature_fingerprint, checks, self.free, self.weights]
        return digest([given, facts], size=6)

    # -- report ---------------------------------------------------------------------------

    def _report(
        self, found: Comparison, signals: pd.DataFrame, ceiling: tuple[float, float]
    ) -> Path:
        kinds = {name: given["kind"] for name, given in self.methods.items()}
        table, reference = found.table(kinds), found.reference(kinds)
        folder = ReportFolder(self.out)
        folder.write_tables({"summary": table, "signals": signals})
        write_figure(found, table, reference, [reference, *self.drawn], folder.figure("cascades"))
        cascades = table[table["kind"] == "cascade"]
        gains = int((cascades["verdict"] == "gain").sum())
        losses = int((cascades["verdict"] == "loss").sum())
        return folder.write_text(
            [
                f"# Cascades against routers on {self.trace['name']}",
                f"{self.splits} splits, {len(self.weights)} weights of cost. Cost and latency hold "
                f"every attempt and every check that is paid for. `aiq` is the average quality "
                f"over the range of the plain arms' costs, `over_mix` its difference to that of "
                f"the best fixed mix, `over_router` to that of {reference}, the router that is "
                f"best on validation; `top_` is where the method's quality is highest.",
                f"Of {len(cascades)} cascades {gains} gain significantly over {reference} at equal "
                f"cost and {losses} lose (Holm-corrected). Per-prompt oracle {found.oracle():.4f}. "
                f"Asking every arm with every check and taking the answer of the highest score "
                f"gives {ceiling[0]:.4f}, at {1e3 * ceiling[1]:.4f} USD per 1,000 requests.",
                "![Quality over cost, and gains at equal cost](figures/cascades.png)",
                frame_table(_with_intervals(table)[list(_SHOWN)]),
                "## What the signals tell\n\nArea under the ROC curve: how often a right answer of "
                "the arm has the larger signal than a wrong one.",
                frame_table(signals),
            ]
        )


def _with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    shown = table.copy()
    for name in ("over_mix", "over_router"):
        shown[name] = [
            f"{middle:+.4f} [{low:+.4f}, {high:+.4f}]"
            for middle, low, high in zip(
                table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True
            )
        ]
    return shown
