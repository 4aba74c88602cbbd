"""Arrival processes: rates, bursts, traces, clients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gairp.errors import ConfigError, DataError
from gairp.replay.arrivals import Arrivals, GammaBursts, ServeGen, Traced
from gairp.traces.arrival_times import reused_share


def gaps(arrivals: Arrivals, count: int = 20_000) -> np.ndarray:
    times = [0.0]
    for _ in range(count):
        times.append(arrivals.following(times[-1]))
    return np.diff(times)


def test_bursts_have_the_rate_and_variation_that_they_say() -> None:
    found = gaps(GammaBursts(rate=4.0, cv=3.0, seed=0), 60_000)
    assert found.mean() == pytest.approx(0.25, rel=0.05)
    assert found.std() / found.mean() == pytest.approx(3.0, rel=0.06)


def test_a_trace_goes_round_and_round_at_the_rate_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.csv"
    pd.DataFrame({"t_s": [0.0, 1.0, 3.0, 6.0]}).to_csv(path, index=False)
    plain = gaps(Traced(table=str(path), seed=0), 6)
    assert sorted(plain[:3]) == [1.0, 2.0, 3.0]
    assert plain[:3].tolist() == pytest.approx(plain[3:].tolist())
    fast = gaps(Traced(table=str(path), rate=5.0, seed=0), 6)
    assert fast.mean() == pytest.approx(0.2)
    starts = {gaps(Traced(table=str(path), seed=seed), 1)[0] for seed in range(20)}
    assert starts == {1.0, 2.0, 3.0}


def test_a_prefix_is_reused_up_to_its_first_new_block(tmp_path: Path) -> None:
    path = tmp_path / "arrivals.parquet"
    blocks = [[1, 2, 3], [1, 2, 4, 3], [9], [1, 2, 4, 3]]
    pd.DataFrame({"t_ms": [0, 10, 20, 30], "hash_ids": blocks}).to_parquet(path)
    shares = reused_share(str(path))
    assert shares is not None
    assert shares.tolist() == [0.0, 0.5, 0.0, 1.0]
    trace = Traced(table=str(path), seed=0)
    assert sorted(trace.reused(number) for number in range(3)) == [0.0, 0.0, 0.5]


def test_clients_keep_their_laws_and_the_rate_is_that_of_all(tmp_path: Path) -> None:
    path = tmp_path / "client_rates.parquet"
    pd.DataFrame(
        {
            "category": "language", "model": "m", "client": [0, 1], "t_s": [600, 600],
            "rate": [3.0, 1.0], "cv": [1.0, 1.0], "pattern": ["Gamma", "Weibull"],
            "p1": [1.0, 1.0], "p2": [1 / 3.0, 1.0],
        }
    ).to_parquet(path)  # fmt: skip
    arrivals = ServeGen(rate=8.0, clients=10, model="m", window=600.0, path=str(path), seed=1)
    found = gaps(arrivals)
    # Both laws are exponential here, so that all together are a Poisson process.
    assert found.mean() == pytest.approx(0.125, rel=0.05)
    assert found.std() / found.mean() == pytest.approx(1.0, rel=0.05)
    with pytest.raises(DataError, match="no client of category 'language', model 'big'"):
        ServeGen(rate=1.0, model="big", window=600.0, path=str(path), seed=1)


def test_the_published_traces_are_as_bursty_as_their_pages_say(
    data_mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAIRP_DATA_MIRROR", str(data_mirror))
    for table, rate, cv in (("code", 2.57, 13.2), ("conv", 5.53, 1.09)):
        found = gaps(Traced(table=f"azure_llm_2023/{table}", seed=0), 8_000)
        assert len(found) / found.sum() == pytest.approx(rate, rel=0.2)
        if table == "conv":
            assert found.std() / found.mean() == pytest.approx(cv, rel=0.1)
    mooncake = Traced(table="mooncake_fast25/conversation", rate=10.0, seed=0)
    assert gaps(mooncake, 12_030).mean() == pytest.approx(0.1, rel=1e-6)
    assert np.mean([mooncake.reused(i) for i in range(12_030)]) > 0.2


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="rate 0"):
        GammaBursts(rate=0, seed=0)
    with pytest.raises(ConfigError, match="clients 0"):
        ServeGen(rate=1.0, clients=0, seed=0)
