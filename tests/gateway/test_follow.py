"""The loop: traffic with feedback, its log repeated, a challenger registered, the alias moved, no
request dropped; moved back, the old one goes on where it stopped."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import ConfigError
from gairp.features import HashedNgrams
from gairp.gateway.learners.follow import AliasFollower
from gairp.policies.thompson_gaussian import ThompsonGaussian
from gairp.runners.replay_log.runner import ReplayLogRunner
from tests.gateway.test_restart import _teach
from tests.gateway.world import HI, world


class Shelf:
    """A registry in this process: documents by version, and where the alias points."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.alias: str | None = None

    def get_alias(self, model: str, alias: str) -> str | None:
        assert (model, alias) == ("router", "champion")
        return self.alias

    def document(self, model: str, version: str) -> dict[str, Any]:
        return self.documents[version]


def document(target: str, state: bytes | None = None, **more: Any) -> dict[str, Any]:
    return {
        "config": {"_target_": target},
        "seed": 3,
        "utility": {},
        "floor": 0.1,
        "features": {"": HashedNgrams(dim=16).fingerprint()},
        "state": None if state is None else base64.b64encode(state).decode(), **more,
    }  # fmt: skip


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf()
    made.documents["1"] = document("gairp.policies.linucb.LinUCB")
    made.documents["2"] = document(
        "gairp.policies.thompson_gaussian.ThompsonGaussian", ThompsonGaussian().save(), floor=0.0
    )
    made.alias = "1"
    monkeypatch.setattr("gairp.tracking.registry.PolicyRegistry", lambda uri: made)
    return made


POLICIES = {"auto": {"uri": "models:/router@champion"}}


def test_the_loop_closes_without_a_dropped_request(tmp_path: Path, shelf: Shelf) -> None:
    home = tmp_path / "home"

    async def run() -> tuple[list[str], list[int]]:
        async with world(home, policies=POLICIES, registry_every_s=0.05) as it:
            house, served = it.gateway.engine.house, []
            done = asyncio.Event()

            async def traffic() -> int:
                count = 0
                while not done.is_set():
                    raw = await it.ask("gairp/auto", messages=HI)
                    assert raw.status_code == 200
                    count += 1
                return count

            await _teach(it, 9)
            learned = house.find("auto").policy.state_version
            clients = [asyncio.create_task(traffic()) for _ in range(4)]
            for version in ("2", "1"):
                shelf.alias = version
                async with asyncio.timeout(20):
                    while house.find("auto").version != version:
                        await asyncio.sleep(0.01)
                await asyncio.sleep(0.2)
                served.append(house.find("auto").learner)
            assert house.find("auto").policy.state_version == learned
            done.set()
            return served, list(await asyncio.gather(*clients))

    served, counts = asyncio.run(run())
    assert served == ["auto@2", "auto@1"]
    assert min(counts) > 5
    ReplayLogRunner(log=home / "journal", out=tmp_path / "out").run()  # bit for bit, both versions


def test_a_version_that_does_not_fit_leaves_the_old_one(tmp_path: Path, shelf: Shelf) -> None:
    shelf.documents["9"] = document("gairp.policies.linucb.LinUCB", features={"": "minilm-x"})

    async def run() -> str:
        async with world(tmp_path, policies=POLICIES, registry_every_s=0.02) as it:
            shelf.alias = "9"
            await asyncio.sleep(0.3)
            assert (await it.ask("gairp/auto")).status_code == 200
            return it.gateway.engine.house.find("auto").version

    assert asyncio.run(run()) == "1"
    follower = AliasFollower(shelf, {"auto": "models:/router@champion"}, HashedNgrams(dim=16))
    with pytest.raises(ConfigError, match="reads the features minilm-x"):
        follower.current("auto")
    shelf.alias = None
    with pytest.raises(ConfigError, match="has the alias 'champion'"):
        follower.current("auto")
    with pytest.raises(ConfigError, match="give models:/MODEL@ALIAS"):
        AliasFollower(shelf, {"auto": "runs:/1"}, HashedNgrams(dim=16))


def test_metrics_count_what_happened(tmp_path: Path) -> None:
    async def run() -> str:
        async with world(tmp_path) as it:
            for _ in range(3):
                await it.ask("small")
            await it.http.post("/v1/chat/completions", content=b"{")
            stream = await it.client.chat.completions.create(
                model="small", messages=HI, stream=True
            )
            assert [chunk async for chunk in stream]
            return (await it.http.get("/metrics")).text

    text = asyncio.run(run())
    for line in (
        'gairp_responses_total{status="200"} 4.0',
        'gairp_responses_total{status="400"} 1.0',
        'gairp_calls_total{arm="small",outcome="answered"} 4.0',
        'gairp_decisions_total{kind="primary",learner="direct@1"} 4.0',
        'gairp_call_seconds_count{arm="small"} 4.0',
        'gairp_first_token_seconds_count{arm="small"} 1.0',
        "gairp_in_flight 0.0",
        'gairp_breaker_open{model="large"} 0.0',
    ):
        assert line in text, line
