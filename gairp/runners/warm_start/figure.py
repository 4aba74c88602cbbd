"""What bandits are worth on held-out prompts as requests come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gairp.report.figures.canvas import GREY, draw, style_of
from gairp.runners.warm_start.course import Course

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Scenes = Mapping[str, Mapping[str, Sequence[Course]]]


def write_figure(
    scenes: Scenes, checkpoints: Sequence[int], best: Mapping[str, float], stem: Path
) -> list[Path]:
    """`stem`.png and `stem`.svg, a panel a scene; `best` is the best arm on train in each."""

    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, len(scenes), squeeze=False, sharex=True, sharey=True)[0]
        every = np.maximum(np.asarray(checkpoints, dtype=np.float64), 5.0)  # 0 on a log axis
        for panel, (scene, courses) in zip(panels, scenes.items(), strict=True):
            for number, (name, runs) in enumerate(courses.items()):
                values = np.stack([run.held_out for run in runs])
                at = every[: values.shape[1]]
                mean, error = values.mean(axis=0), values.std(axis=0) / np.sqrt(len(values))
                style = style_of(number)
                panel.plot(at, mean, label=name, markersize=3, linewidth=1.2, **style)
                panel.fill_between(
                    at, mean - 2 * error, mean + 2 * error, color=style["color"], alpha=0.12, lw=0
                )
            panel.axhline(
                best[scene], color=GREY, linewidth=0.8, linestyle="--", label="best arm on train"
            )
            panel.set_xscale("log")
            panel.set_xticks([5, 10, 100, 1000, 10_000], ["0", "10", "100", "1,000", "10,000"])
            panel.minorticks_off()
            panel.set_title(scene)
            panel.set_xlabel("online requests")
        panels[0].set_ylabel("utility a request, held-out prompts")
        figure.legend(
            *panels[0].get_legend_handles_labels(), loc="outside lower center", ncol=4,
            title="bands: two standard errors over runs", title_fontsize=7.5,
        )  # fmt: skip

    return draw(paint, stem, width=3.4 * len(scenes), height=3.6)
