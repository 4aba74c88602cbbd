"""Budgets in dollars that the database sets, and arms without a price."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import DataError
from gairp.gateway.app import create_app
from gairp.gateway.limits.unpriced import UnpricedWatch
from gairp.gateway.principal import Quota
from gairp.gateway.settings import GatewaySettings
from gairp.gateway.tenants.desk import Desk
from gairp.gateway.tenants.quotas import clear_quota, set_quota
from tests.gateway.attack_world import AttackWorld, attack_world

FREE = {"utility": {"cost_weight": 0.0}, "prices": {}}


async def until(it: AttackWorld, quotas: tuple[str, ...]) -> None:
    """The gateway has seen them."""
    assert it.gateway.authenticator is not None
    async with asyncio.timeout(10):
        while tuple(it.gateway.authenticator.quotas_in_usd) != quotas:
            await asyncio.sleep(0.05)


def test_they_are_refused_to_whoever_has_one_and_the_operator_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> list[Any]:
        async with attack_world(tmp_path, **FREE) as it:
            told = [await it.chat()]
            from gairp.gateway.database.store import open_store

            store = open_store(f"sqlite:///{tmp_path}/ledger.db")
            desk = Desk(store, actor="test")
            set_quota(desk, "tenant:acme", Quota(usd=5.0))
            await until(it, ("tenant:acme",))
            told += [await it.chat(), await it.chat(model="gairp/auto"), await it.chat("rival")]
            clear_quota(desk, "tenant:acme")
            await until(it, ())
            store.dispose()
            return [*told, await it.chat()]

    before, direct, routed, rival, after = asyncio.run(work())
    assert [r.status_code for r in (before, direct, routed, rival, after)] == [
        200, 403, 403, 200, 200,
    ]  # fmt: skip
    error = direct.json()["error"]
    assert (error["code"], error["param"]) == ("model_not_priced", "model")
    assert error["message"] == (
        "small: has no price, which a budget in USD needs; the operator can give it one"
    )
    warned = [r.getMessage() for r in caplog.records if "no price is known" in r.getMessage()]
    assert len(warned) == 1
    assert "arms small, large" in warned[0]
    assert "(tenant:acme)" in warned[0]


def test_the_same_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    watch = UnpricedWatch()
    for arms, quotas in (((), ("a",)), (("x",), ()), (("x",), ("a",)), (("x",), ("a",)),
                         (("x",), ("a", "b"))):  # fmt: skip
        watch.look(arms, quotas)
    assert [record.getMessage().count("(a") for record in caplog.records] == [1, 1]


def test_a_database_that_leaves_during_the_start_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    def away(*_: Any) -> Any:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection\nmore"))

    monkeypatch.setattr("gairp.gateway.ledger.usage.spent", away)
    settings = {
        "arms": {"small": {"backend": "b", "model": "small"}},
        "backends": {"b": {"base_url": "http://127.0.0.1:9/v1"}}, "home": str(tmp_path),
        "utility": {"cost_weight": 0.0}, "feeds": "thread",
    }  # fmt: skip

    async def start() -> None:
        async with create_app(GatewaySettings.of(settings)).running():
            pass

    with pytest.raises(DataError, match="ledger and budgets cannot be read") as caught:
        asyncio.run(start())
    assert "(OperationalError: the server closed the connection)" in str(caught.value)
