"""Draws docs/figures/queues: simulated waits against theory. `python -m docs.queue_figure`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gairp.replay.capacity.service import Exponential, LogNormal, Service
from gairp.replay.capacity.theory import mg_1_wait, mm_c_wait
from gairp.replay.queueing import waits
from gairp.report.figures.canvas import draw, style_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOADS = (0.3, 0.5, 0.7, 0.8, 0.9)


def cases() -> list[tuple[str, Service, int, float]]:
    """Name, service, places, coefficient of variation."""
    return [
        ("M/M/1", Exponential(mean_s=1.0), 1, 1.0),
        ("M/M/4", Exponential(mean_s=1.0), 4, 1.0),
        ("M/D/1", LogNormal(mean_s=1.0, cv=0.0), 1, 0.0),
        ("M/G/1, cv 1.5", LogNormal(mean_s=1.0, cv=1.5), 1, 1.5),
    ]


def theory(load: float, places: int, cv: float) -> float:
    """Mean wait in the queue, in service times."""
    if places == 1:
        return mg_1_wait(load, 1.0, cv)
    return mm_c_wait(load * places, 1.0, places)


def main() -> None:
    """Simulate every case at every load, print and draw."""
    found = {
        name: [
            waits(service=service, places=places, rate=load * places, requests=40_000, seeds=[0, 1])
            for load in LOADS
        ]
        for name, service, places, _ in cases()
    }

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        fine = np.linspace(0.2, 0.92, 100)
        for i, (name, _, places, cv) in enumerate(cases()):
            look = style_of(i)
            axes.plot(fine, [theory(x, places, cv) for x in fine], color=look["color"])
            points, errors = zip(*found[name], strict=True)
            axes.errorbar(
                LOADS, points, yerr=1.96 * np.array(errors), color=look["color"],
                marker=look["marker"], linestyle="none", capsize=2, label=name,
            )  # fmt: skip
        axes.set_yscale("log")
        axes.set_xlabel("load: arrivals × service time / places")
        axes.set_ylabel("mean wait in the queue, service times")
        axes.legend(title="points: simulated, 95%; lines: theory", fontsize=7.5)

    for name, _, places, cv in cases():
        for load, (mean, error) in zip(LOADS, found[name], strict=True):
            z = (mean - theory(load, places, cv)) / error
            print(f"{name:14} load {load:.1f}: {mean:7.3f} ± {error:.3f}, theory "
                  f"{theory(load, places, cv):7.3f}, {z:+.1f} standard errors")  # fmt: skip
    draw(paint, Path(__file__).parent / "figures" / "queues", width=6.0, height=4.0)


if __name__ == "__main__":
    main()
