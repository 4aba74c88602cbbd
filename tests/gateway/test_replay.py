"""What the gateway logs is the interaction log that `replay_log` repeats, bit for bit."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pandas as pd

from gairp.runners.replay_log.runner import ReplayLogRunner
from tests.gateway.test_restart import _teach
from tests.gateway.world import HI, world

POLICIES = {
    "auto": {"_target_": "gairp.policies.linucb.LinUCB"},
    "thompson": {"_target_": "gairp.policies.thompson_gaussian.ThompsonGaussian"},
    "greedy": {"_target_": "gairp.policies.epsilon_greedy.EpsilonGreedy", "epsilon": 0.2},
}


async def _traffic(home: Path) -> None:
    faults = [{"kind": "status_500", "when": "every 7"}]
    async with world(home, floor=0.1, policies=POLICIES, faults=faults) as it:
        await _teach(it, 12)
        asked = [it.ask(f"gairp/{name}") for name in POLICIES for _ in range(8)]
        raws = await asyncio.gather(*asked)
        for raw in reversed(raws):  # out of order
            body = {"decision_id": raw.headers["x-gairp-decision-id"], "score": 0.5}
            await it.http.post("/v1/feedback", json=body)
        stream = await it.client.chat.completions.create(
            model="gairp/auto", messages=HI, stream=True
        )
        assert [chunk async for chunk in stream]


def test_a_gateways_log_repeats_also_over_a_restart(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for _ in range(2):
        asyncio.run(_traffic(home))
    path = ReplayLogRunner(log=home / "journal", out=tmp_path / "out").run()
    table = pd.read_csv(path).set_index("learner")
    assert set(table.index) == {"direct@1", "auto@1", "thompson@1", "greedy@1"}
    assert int(str(table.loc["auto@1", "decisions"])) >= 2 * 21
