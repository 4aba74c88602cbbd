"""Draws docs/figures/optimum: how far routers stay behind the best that there is, on a world where
that is known. `python -m docs.optimum_figure` also prints the figures and writes docs/optimum.csv.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gairp.report.figures.canvas import GREY, draw, style_of
from tests.policies.learned.world import ROUTERS, World
from tests.policies.trained import fitted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).resolve().parent
SIZES = (500, 1_000, 2_500, 5_000, 10_000, 20_000)
WITHIN = 0.02
TRAIN, TEST = World.drawn(max(SIZES), seed=11), World.drawn(4_000, seed=12)


def short_of_optimum(name: str, prompts: int) -> float:
    """Expected quality that the router loses against knowing every chance, trained on so many."""
    part = World(TRAIN.features[:prompts], TRAIN.chance[:prompts], TRAIN.score[:prompts])
    router = fitted(ROUTERS[name](), part.training_set())
    return TEST.optimum - TEST.quality(router.estimates(TEST.features))


def main() -> None:
    """Fit every router at every size, print, write and draw."""
    table = pd.DataFrame(
        {name: [short_of_optimum(name, n) for n in SIZES] for name in sorted(ROUTERS)},
        index=pd.Index(SIZES, name="prompts"),
    ).T.rename_axis("router")
    table.to_csv(FOLDER / "optimum.csv", float_format="%.4f")
    print(table.round(4).to_string())
    best_fixed = TEST.optimum - float(TEST.chance.mean(axis=0).max())
    print(f"best fixed arm: {best_fixed:.4f} short of the optimum of {TEST.optimum:.4f}")

    def paint(figure: Figure) -> None:
        panel = figure.subplots()
        for number, (name, values) in enumerate(table.iterrows()):
            look = style_of(number)
            shown = np.maximum(values, 5e-5)
            panel.plot(SIZES, shown, label=str(name), markersize=3.5, linewidth=1.0, **look)
        panel.axhline(WITHIN, color=GREY, linewidth=0.8, linestyle="--")
        panel.axhline(best_fixed, color=GREY, linewidth=0.8)
        for at, text in ((WITHIN, "0.02"), (best_fixed, "best fixed arm")):
            panel.annotate(text, (SIZES[-1], at), xytext=(0, 2), textcoords="offset points",
                           ha="right", color=GREY, fontsize=7)  # fmt: skip
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xticks(SIZES, [f"{n:,}" for n in SIZES])
        panel.minorticks_off()
        panel.set_xlabel("training prompts")
        panel.set_ylabel("quality short of the optimum")
        panel.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))

    draw(paint, FOLDER / "figures" / "optimum", width=7.0, height=3.8)


if __name__ == "__main__":
    main()
