"""Content in the database: sealed, found, forgotten, over."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from gairp.errors import ConfigError, DataError, IntegrityError
from gairp.gateway.audit.actions import actions, verify_actions
from gairp.gateway.content.item import Content, Item
from gairp.gateway.content.master_keys import MasterKeys
from gairp.gateway.content.tables import CONTENTS, DATA_KEYS
from gairp.gateway.content.vault import (
    Vault,
    forget_tenant,
    purge_content,
    rewrap_keys,
    show_content,
)
from gairp.gateway.tenants.desk import Desk

DAY = 86_400.0
OLD, NEW = MasterKeys({"k1": b"1" * 32}), MasterKeys({"k2": b"2" * 32, "k1": b"1" * 32})


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def item(name: str, clock: Clock, tenant: str = "acme", text: str = "a secret thought") -> Item:
    content = Content(
        operation="chat", status=200, prompt=text.encode(),
        answer=b"the answer of " + name.encode(), prompt_bytes=len(text), answer_bytes=20,
    )  # fmt: skip
    return Item(
        decision_id=f"{name}/0", request_id=name, tenant=tenant, at=clock(), content=content
    )


def counted(store: Engine, table: Any) -> int:
    with store.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(store: Engine, clock: Clock) -> Desk:
    return Desk(store, actor="tester", now=clock)


@pytest.fixture
def vault(store: Engine, clock: Clock) -> Vault:
    return Vault(store, OLD, keep_s=10 * DAY, now=clock)


def test_what_was_put_is_shown_byte_for_byte_and_by_whom_is_known(
    store: Engine, vault: Vault, desk: Desk, clock: Clock
) -> None:
    one = item("req-1", clock)
    assert vault.put([one, item("req-2", clock)]) == 2
    vault.put([one])  # again, since nobody knew whether it was done
    assert counted(store, CONTENTS) == 2
    assert counted(store, DATA_KEYS) == 1
    for name in ("req-1/0", "req-1"):
        shown = show_content(desk, OLD, name)
        assert shown.content == one.content
        assert (shown.tenant, shown.at, shown.expires_at) == ("acme", clock(), clock() + 10 * DAY)
    told = [(a.actor, a.action, a.target) for a in actions(store)]
    assert told == [("tester", "show content", "req-1/0"), ("tester", "show content", "req-1")]
    with store.connect() as connection:
        rows = connection.execute(select(CONTENTS)).all()
    assert not any(b"secret" in row.sealed or b"answer" in row.sealed for row in rows)


def test_a_row_that_was_altered_or_moved_does_not_open(
    store: Engine, vault: Vault, desk: Desk, clock: Clock
) -> None:
    vault.put([item("req-1", clock), item("req-2", clock)])
    c = CONTENTS.c
    with store.begin() as connection:
        sealed = connection.execute(select(c.sealed).where(c.request_id == "req-2")).scalar_one()
        connection.execute(update(CONTENTS).where(c.request_id == "req-1").values(sealed=sealed))
        torn = sealed[:-1] + bytes([sealed[-1] ^ 1])
        connection.execute(update(CONTENTS).where(c.request_id == "req-2").values(sealed=torn))
    for name in ("req-1", "req-2"):
        with pytest.raises(IntegrityError, match=f"contents/acme/{name}/0/"):
            show_content(desk, OLD, name)


def test_another_key_of_the_same_name_and_one_that_is_missing(
    vault: Vault, desk: Desk, clock: Clock
) -> None:
    vault.put([item("req-1", clock)])
    with pytest.raises(IntegrityError, match="sealed with another key"):
        show_content(desk, MasterKeys({"k1": b"x" * 32}), "req-1")
    with pytest.raises(ConfigError, match="sealed with the key 'k1', and there are: k9"):
        show_content(desk, MasterKeys({"k9": b"x" * 32}), "req-1")


def test_what_a_tenant_wants_forgotten_is_gone_whatever_still_waits(
    store: Engine, vault: Vault, desk: Desk, clock: Clock
) -> None:
    waiting = item("req-2", clock)
    other = Vault(store, OLD, keep_s=10 * DAY, now=clock)  # another gateway
    vault.put([item("req-1", clock), item("req-9", clock, "rival")])
    clock.now += 1
    assert forget_tenant(desk, "acme") == 1
    with store.connect() as connection:
        tenants = connection.execute(select(DATA_KEYS.c.tenant)).scalars().all()
    assert tenants == ["rival"]
    clock.now += 1
    assert vault.put([waiting, item("req-3", clock)]) == 1
    assert other.put([waiting]) == 0
    for name in ("req-1", "req-2"):
        with pytest.raises(DataError, match="it was forgotten"):
            show_content(desk, OLD, name)
    assert show_content(desk, OLD, "req-3").tenant == "acme"
    assert show_content(desk, OLD, "req-9").tenant == "rival"
    assert verify_actions(store).lines == 3


def test_content_ends_with_its_time(store: Engine, vault: Vault, desk: Desk, clock: Clock) -> None:
    vault.put([item("req-1", clock)])
    clock.now += 5 * DAY
    vault.put([item("req-2", clock)])
    assert counted(store, DATA_KEYS) == 2  # a key a day
    clock.now += 5 * DAY
    with pytest.raises(DataError, match="its time is over"):
        show_content(desk, OLD, "req-1")
    assert vault.purge() == 1
    assert vault.purge() == 0
    assert show_content(desk, OLD, "req-2").request_id == "req-2"
    clock.now += DAY
    vault.purge()
    assert counted(store, DATA_KEYS) == 1
    shorter = Vault(store, OLD, keep_s=2 * DAY, now=clock)
    assert shorter.purge() == 1
    assert (counted(store, CONTENTS), counted(store, DATA_KEYS)) == (0, 0)


def test_less_may_be_kept_at_any_time(
    store: Engine, vault: Vault, desk: Desk, clock: Clock
) -> None:
    vault.put([item("req-1", clock)])
    clock.now += 3 * DAY
    vault.put([item("req-2", clock)])
    assert purge_content(desk) == 0
    assert purge_content(desk, keep_s=2 * DAY) == 1
    assert show_content(desk, OLD, "req-2").request_id == "req-2"
    assert purge_content(desk, keep_s=0) == 1


def test_master_keys_are_rotated(store: Engine, vault: Vault, desk: Desk, clock: Clock) -> None:
    vault.put([item("req-1", clock)])
    Vault(store, NEW, keep_s=DAY, now=clock).put([item("req-2", clock)])
    for name in ("req-1", "req-2"):
        assert show_content(desk, NEW, name).request_id == name
    assert rewrap_keys(desk, NEW) == 1
    assert rewrap_keys(desk, NEW) == 0
    alone = MasterKeys({"k2": b"2" * 32})
    for name in ("req-1", "req-2"):
        assert show_content(desk, alone, name).request_id == name


def test_a_batch_that_fails_leaves_nothing_and_the_next_one_is_read(
    store: Engine, vault: Vault, desk: Desk, clock: Clock
) -> None:
    wrong = item("req-2", clock, text="x")
    bad = Item(decision_id=None, request_id="b", tenant="acme", at=clock(),  # type: ignore[arg-type]
               content=wrong.content)  # fmt: skip
    with pytest.raises(Exception, match=r"(?i)null"):
        vault.put([item("req-1", clock), bad])
    assert (counted(store, CONTENTS), counted(store, DATA_KEYS)) == (0, 0)
    assert vault.put([item("req-1", clock)]) == 1
    assert show_content(desk, OLD, "req-1").request_id == "req-1"


@pytest.mark.parametrize(
    "text",
    ["", "k1", "k1:short", "k1:" + "A" * 44, f"a b:{'A' * 43}=", f"k1:{'A' * 43}=,k1:{'B' * 43}="],
)
def test_wrong_master_keys_are_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ConfigError, match=r"number [12] is no ID:BASE64 of 32 bytes") as caught:
        MasterKeys.of(text, where="GAIRP_CONTENT_KEYS")
    assert "AAAA" not in str(caught.value)


def test_master_keys_are_read_from_the_environment_and_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GAIRP_CONTENT_KEYS", f"new:{'A' * 43}=, old:{'B' * 43}=")
    keys = MasterKeys.read("GAIRP_CONTENT_KEYS")
    assert keys.current == "new"
    assert repr(keys) == "MasterKeys(new, old)"
    monkeypatch.delenv("GAIRP_CONTENT_KEYS")
    with pytest.raises(ConfigError, match="content has no key"):
        MasterKeys.read("GAIRP_CONTENT_KEYS")
