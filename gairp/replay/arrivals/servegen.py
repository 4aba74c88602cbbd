"""Many clients, each with a law of its own (Xiang et al. 2025, ServeGen)."""

from __future__ import annotations

from heapq import heapify, heapreplace
from pathlib import Path

import numpy as np

from gairp.errors import ConfigError, DataError
from gairp.traces.registry import locate


class ServeGen:
    """Clients drawn from the fitted laws of a model's traffic, each a renewal process.

    A client's gaps are Gamma or Weibull with the parameters of one ten-minute window; it is drawn
    in proportion to its rate, and all are sped up or slowed down together.

    rate: requests a second of all clients together. clients: how many are drawn. category, model:
    whose traffic. window: seconds from the trace's start at which the window begins. path: of the
    table client_rates; null: the registered dataset `servegen`.
    """

    def __init__(
        self,
        *,
        rate: float,
        clients: int = 20,
        category: str = "language",
        model: str = "m-large",
        window: float = 36_000.0,
        path: str | None = None,
        seed: int,
    ) -> None:
        if not (rate > 0 and clients >= 1):
            raise ConfigError(
                f"protocol.arrivals: rate {rate}, clients {clients}; give a rate above 0 and a "
                "client or more"
            )
        self._rng = np.random.default_rng([seed, 7])
        rows = _rows(path, category, model, window)
        weight = rows["rate"].to_numpy()
        drawn = self._rng.choice(len(rows), size=clients, p=weight / weight.sum())
        self._gamma = (rows["pattern"].to_numpy() == "Gamma")[drawn]
        self._shape = rows["p1"].to_numpy()[drawn]
        self._scale = rows["p2"].to_numpy()[drawn] * (weight[drawn].sum() / rate)
        self._due = [(self._gap(i) * self._rng.random(), i) for i in range(clients)]
        heapify(self._due)

    def following(self, previous: float) -> float:
        """When the next client asks."""
        at, client = self._due[0]
        heapreplace(self._due, (at + self._gap(client), client))
        return max(previous, at)

    def _gap(self, i: int) -> float:
        if self._gamma[i]:
            return float(self._rng.gamma(self._shape[i], self._scale[i]))
        return float(self._scale[i] * self._rng.weibull(self._shape[i]))


def _rows(path: str | None, category: str, model: str, window: float):  # type: ignore[no-untyped-def]
    import pandas as pd

    file = locate("servegen")["client_rates"] if path is None else Path(path)
    table = pd.read_parquet(file)
    rows = table[(table["category"] == category) & (table["model"] == model)]
    rows = rows[rows["t_s"] == window]
    if not len(rows):
        raise DataError(
            f"{file}: no client of category {category!r}, model {model!r} in the window at "
            f"{window:g} s; windows are 600 s long, and models are "
            f"{', '.join(sorted(set(table['model'])))}"
        )
    return rows
