"""What `gairp.run` starts for `+experiment=budget_pacing`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from gairp.errors import DataError, UnknownNameError
from gairp.report.cell import written
from gairp.report.markdown import frame_table
from gairp.rewards import Utility
from gairp.runners.budget_pacing.figure import write_figure
from gairp.runners.budget_pacing.method import Method, Spent
from gairp.runners.budget_pacing.orders import ORDERS, outcomes_in
from gairp.runners.budget_pacing.tables import Tables, ordered
from gairp.runners.configured import configured
from gairp.runners.finished import digest, finished
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.preparing import prepare
from gairp.runners.replay.progress import progress
from gairp.runners.report_folder import ReportFolder
from gairp.traces.registry import locate
from gairp.types import Floats

if TYPE_CHECKING:
    from omegaconf import DictConfig

_COLUMNS = ("budget_usd", "quality", "spend_usd", "used", "used_most", "gain", "gain_low")
_SHOWN = (*_COLUMNS, "gain_high", "p_value", "published")


class BudgetPacingRunner:
    """Learns on validation, spends each of the published budgets on test, and compares."""

    def __init__(
        self,
        *,
        trace: Mapping[str, Any],
        features: Mapping[str, Any],
        methods: Mapping[str, Mapping[str, Any]],
        orders: Mapping[str, Any],
        work: Path | str,
        out: Path | str,
        seeds: int = 20,
        draws: int = 1000,
        budgets: Sequence[float] | None = None,
    ) -> None:
        """`work` keeps finished runs; a method may have `seeds` of its own.

        `orders` names a method, seeds, and the orders to try it in; `budgets` are USD a request,
        null takes the published ones.
        """
        self.trace, self.features, self.orders = trace, features, orders
        self.methods = {
            name: Method(name, given["learning"], given["policy"])
            for name, given in methods.items()
        }
        self.work, self.out = Path(work), Path(out)
        self.seeds = {name: int(given.get("seeds", seeds)) for name, given in methods.items()}
        self.draws = int(draws)
        self.budgets = budgets

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration."""
        settings, given = configured(config)
        return cls(trace=settings["trace"], features=settings["features"], **given)

    def run(self) -> Path:
        """Do what is missing, write the report, and return its path."""
        published = self._published()
        budgets = published["target_spend"].to_numpy()
        prepared = prepare(self.trace, self.features, Utility(), seed=0)
        found = dict(progress(self._all(prepared, budgets), len(self._wanted())))
        return self._report(prepared, published, found)

    def _published(self) -> pd.DataFrame:
        """The published pacer at its budgets, or at those nearest to the ones asked for."""
        table = pd.read_csv(locate("paretobandit")["published_budget_pacing"])
        pacer = table[table["method"] == "pacer"].reset_index(drop=True)
        if not len(pacer):
            raise DataError("paretobandit: published_budget_pacing has no row of method 'pacer'")
        if self.budgets is None:
            return pacer
        near = [int((pacer["target_spend"] - b).abs().argmin()) for b in self.budgets]
        return pacer.iloc[near].reset_index(drop=True).assign(target_spend=list(self.budgets))

    # -- runs -----------------------------------------------------------------------------

    def _wanted(self) -> list[tuple[str, str, int]]:
        """(method, order, seed) of every run."""
        own = [(name, "shuffled", s) for name, n in self.seeds.items() for s in range(n)]
        name = self.orders["method"]
        if name not in self.methods:
            raise UnknownNameError("method in `orders.method`", name, self.methods)
        for order in self.orders["names"]:
            if order not in ORDERS:
                raise UnknownNameError("order in `orders.names`", order, ORDERS)
            own += [(name, order, s) for s in range(self.orders["seeds"]) if order != "shuffled"]
        return own

    def _all(
        self, prepared: Prepared, budgets: Floats
    ) -> Iterator[tuple[tuple[str, str, int], Spent]]:
        for name, order, seed in self._wanted():
            key = self._key(self.methods[name], prepared, budgets)
            file = self.work / key / f"{name}-{order}-{seed}.npz".replace(" ", "_")
            run = partial(self._spent, name, order, seed, prepared, budgets)
            yield (name, order, seed), finished(Spent, file, run)

    def _spent(
        self, name: str, order: str, seed: int, prepared: Prepared, budgets: Floats
    ) -> Spent:
        rows = ORDERS[order](prepared, prepared.rows("test"), seed)
        given = outcomes_in(order, prepared, rows)
        spent = self.methods[name].runs(prepared, budgets, rows, seed, given)
        print(f"{name}, {order}, seed {seed}", flush=True)
        return spent

    @staticmethod
    def _key(method: Method, prepared: Prepared, budgets: Floats) -> str:
        """Runs of other settings or data are not taken for these; other methods may come and go."""
        what = {
            "method": [method.learning, dict(method.config)],
            "features": prepared.feature_fingerprint,
            "facts": dict(prepared.facts),
            "budgets": budgets.tolist(),
        }
        return digest(what, size=8)

    # -- report ---------------------------------------------------------------------------

    def _report(
        self,
        prepared: Prepared,
        published: pd.DataFrame,
        found: Mapping[tuple[str, str, int], Spent],
    ) -> Path:
        budgets = published["target_spend"].to_numpy()
        tables = Tables(
            prepared, budgets, published["mean_reward"].to_numpy(), draws=self.draws, seed=0
        )

        def runs(name: str, order: str) -> list[Spent]:
            return [v for (n, o, _), v in found.items() if (n, o) == (name, order)]

        summary = pd.concat([tables.measured(n, runs(n, "shuffled")) for n in self.methods])
        name = self.orders["method"]
        others = pd.concat(
            [ordered(o, budgets, runs(name, o)) for o in self.orders["names"] if runs(name, o)]
        )
        folder = ReportFolder(self.out)
        folder.write_tables({"summary": summary, "orders": others})
        k = len(prepared.arms)
        arms = tables.arms.mean(axis=0)
        write_figure(
            summary,
            pd.DataFrame({"spend": published["mean_cost"], "quality": published["mean_reward"]}),
            (arms[:k], arms[k:]),
            folder.figure("quality_over_spend"),
        )
        return folder.write_text(
            [
                "# Budget pacing on ParetoBandit's data",
                *(_section(m, rows) for m, rows in summary.groupby("method", sort=False)),
                f"## Other orders of arrival ({name})\n\n" + frame_table(others, _cell),
            ]
        )


def _section(method: object, rows: pd.DataFrame) -> str:
    above = int((rows["over_published"] > 0).sum())
    not_below = int((rows["gain"] >= 0).sum())
    clear = int(((rows["gain_low"] > 0) & (rows["p_value"] < 0.05)).sum())
    line = (
        f"Above the published pacer at {above} of {len(rows)} budgets; not below the best fixed "
        f"mix at the same spend at {not_below}, significantly above it at {clear} (Holm-corrected "
        "over the budgets); largest mean "
        f"overshoot {rows['overshoot'].max():.2%}, least use {rows['used'].min():.1%}."
    )
    return f"## {method}\n\n{line}\n\n{frame_table(rows[list(_SHOWN)], _cell)}"


def _cell(name: str, value: object) -> str:
    return written(value, ".3g" if name.endswith("_usd") else ".4f")
