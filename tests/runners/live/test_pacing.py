"""Closed loops keep so many in flight; open loops start when it is time."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gairp.errors import ConfigError, DataError, UnknownNameError
from gairp.runners.live.pacing import ClosedLoop, OpenLoop, Pacing
from gairp.traces.arrival_times import arrival_times


class Served:
    """Counts what is in flight; each work takes `seconds`."""

    def __init__(self, seconds: float = 0.01) -> None:
        self.seconds = seconds
        self.now, self.most, self.order = 0, 0, list[int]()

    async def __call__(self, work: int) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.seconds)
        self.now -= 1
        self.order.append(work)


def paced(pacing: Pacing, served: Served, count: int, stop_after: float | None = None) -> None:
    async def run() -> None:
        stop = asyncio.Event()
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, stop.set)
        await pacing.pace(iter(range(count)), served, stop)

    asyncio.run(run())


@pytest.mark.parametrize("users", [1, 3])
def test_a_closed_loop_keeps_its_users_busy(users: int) -> None:
    served = Served()
    paced(ClosedLoop(users=users), served, 12)
    assert served.most == users
    assert sorted(served.order) == list(range(12))


def test_an_open_loop_does_not_wait_for_answers() -> None:
    served = Served(seconds=0.2)
    paced(OpenLoop(rate=500.0), served, 20)
    assert served.most > 10
    assert sorted(served.order) == list(range(20))


def test_stopping_finishes_what_is_in_flight_and_begins_nothing() -> None:
    served = Served(seconds=0.05)
    paced(ClosedLoop(users=2), served, 100, stop_after=0.12)
    assert served.now == 0
    assert 2 <= len(served.order) <= 8


def test_stopping_an_open_loop_does_not_wait_for_the_next_arrival() -> None:
    served = Served()
    paced(OpenLoop(rate=0.01), served, 5, stop_after=0.05)
    assert served.order == [0]


def test_poisson_gaps_have_the_mean_of_the_rate_and_speed_scales_them() -> None:
    gaps = np.array(list(islice(OpenLoop(rate=4.0, seed=1).gaps(), 4000)))
    assert gaps.mean() == pytest.approx(0.25, rel=0.05)
    fast = np.array(list(islice(OpenLoop(rate=4.0, seed=1, speed=2.0).gaps(), 4000)))
    np.testing.assert_allclose(fast, gaps / 2)


def test_a_trace_is_played_at_its_own_times_and_again(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame({"t_ms": [0, 1000, 1500]}).to_csv(path, index=False)
    gaps = list(islice(OpenLoop(trace=str(path), speed=2.0).gaps(), 4))
    assert gaps == pytest.approx([0.5, 0.25, 0.5, 0.25])


def test_a_registered_trace(data_mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAIRP_DATA_MIRROR", str(data_mirror))
    times = arrival_times("azure_llm_2023/conv")
    assert len(times) == 19_366
    assert times[0] >= 0
    with pytest.raises(UnknownNameError, match="azure_llm_2023/code"):
        arrival_times("azure_llm_2023/none")


def test_bad_settings_say_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="one of rate"):
        OpenLoop()
    with pytest.raises(ConfigError, match=r"pacing\.speed is 0"):
        OpenLoop(rate=1.0, speed=0)
    with pytest.raises(ConfigError, match=r"users is 0"):
        ClosedLoop(users=0)
    with pytest.raises(ConfigError, match="no file"):
        arrival_times(str(tmp_path / "no.csv"))
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"t_s or t_ms; it has a"):
        arrival_times(str(tmp_path / "x.csv"))
