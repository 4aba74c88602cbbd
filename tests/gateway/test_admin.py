"""Accounts from the command line, and what they are to a running gateway."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from gairp.admin import main
from gairp.gateway.audit.actions import actions
from gairp.gateway.database.store import open_store
from gairp.gateway.ledger.feed import LedgerFeed
from gairp.gateway.tenants.roster import read_roster
from tests.gateway.ledger.test_feed import numbered, story
from tests.gateway.tenants.world import issuer

Admin = Callable[..., str]


@pytest.fixture
def admin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Admin:
    """Runs a command, and gives what it printed; `code` is what it must end with."""

    def run(*words: str, code: int = 0) -> str:
        assert main([*words, "--home", str(tmp_path)]) == code
        captured = capsys.readouterr()
        return captured.err if code else captured.out

    return run


def test_a_key_from_its_making_to_its_end(tmp_path: Path, admin: Admin) -> None:
    admin("tenant", "create", "acme", "--title", "Acme Ltd")
    admin("project", "create", "acme", "chat")
    first = admin("key", "create", "acme", "--project", "chat", "--models", "gpt-*, small").strip()
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    holder = read_roster(store).holders[sha256(first.encode()).digest()]
    assert holder.principal.models == ("gpt-*", "small")
    assert holder.principal.project == "chat"
    key_id = holder.principal.key_id

    second = json.loads(admin("key", "rotate", key_id, "--overlap", "24h", "--json"))
    holders = read_roster(store).holders
    old, new = (holders[sha256(s.encode()).digest()] for s in (first, second["secret"]))
    assert old.principal == new.principal
    assert old.expires_at < new.expires_at
    assert len(second["prefixes"]) == 2

    listed = admin("key", "list", "--tenant", "acme")
    assert key_id in listed
    for secret in (first, second["secret"]):
        assert secret.rpartition("-")[2] not in listed

    admin("key", "revoke", key_id, "--actor", "ada")
    assert read_roster(store).holders[sha256(first.encode()).digest()].refused == "it was revoked"
    told = [(a.action, a.actor) for a in actions(store)]
    assert told[-1] == ("revoke key", "ada")
    assert [name for name, _ in told] == [
        "create tenant", "create project", "create key", "rotate key", "revoke key"
    ]  # fmt: skip
    assert told[0][1].startswith("cli")
    store.dispose()


def test_tenants_quotas_and_issuers(tmp_path: Path, admin: Admin) -> None:
    admin("tenant", "create", "acme")
    admin("quota", "set", "tenant:acme", "--usd", "100", "--rpm", "60", "--period", "day")
    (row,) = map(json.loads, admin("quota", "list", "--json").splitlines())
    assert row == {"name": "tenant:acme", "rpm": 60, "tpm": None, "concurrency": None,
                   "usd": 100.0, "usd_period": "day"}  # fmt: skip
    (tmp_path / "issuer.yaml").write_text(yaml.safe_dump(issuer()))
    admin("issuer", "set", str(tmp_path / "issuer.yaml"))
    assert "https://login.example.com/" in admin("issuer", "list")
    admin("issuer", "remove", "https://login.example.com/")
    admin("quota", "clear", "tenant:acme")
    assert admin("quota", "list", "--json") == admin("issuer", "list", "--json") == ""
    admin("tenant", "disable", "acme")
    (tenant,) = csv.DictReader(io.StringIO(admin("tenant", "list", "--csv")))
    assert (tenant["tenant"], tenant["projects"]) == ("acme", "default")
    assert tenant["disabled"].startswith("20")
    admin("tenant", "enable", "acme")
    actors = {row["action"] for row in map(json.loads, admin("actions", "--json").splitlines())}
    assert actors == {"create tenant", "set quota", "set issuer", "remove issuer", "clear quota",
                      "disable tenant", "enable tenant"}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("key", "create", "nobody"), "unknown tenant 'nobody'; there are: acme"),
        (("key", "create", "acme", "--scopes", "root"), "unknown scope 'root'"),
        (("key", "revoke", "k-none"), "no key 'k-none'"),
        (("tenant", "create", "acme"), "there already"),
        (("tenant", "create", "../acme"), "small letters"),
        (("quota", "set", "tenant:acme"), "limits nothing"),
        (("quota", "set", "acme", "--rpm", "1"), "names no quota"),
        (("issuer", "set", "nowhere.yaml"), "cannot be read"),
        (("reconcile", "call", "--usd", "1"), "no attempt 'call'"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, tuple) else "",
)
def test_mistakes_are_said_and_change_nothing(
    tmp_path: Path, admin: Admin, words: tuple[str, ...], why: str
) -> None:
    admin("tenant", "create", "acme")
    assert why in admin(*words, code=2)
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    assert len(actions(store)) == 1
    store.dispose()


def test_a_home_without_a_gateway_is_not_made_by_mistake(tmp_path: Path, admin: Admin) -> None:
    for words in (("key", "create", "acme"), ("usage",), ("quota", "list"), ("audit",)):
        assert "give the gateway's --home" in admin(*words, code=2)
    assert not list(tmp_path.iterdir())


def test_usage_as_csv_and_json(tmp_path: Path, admin: Admin) -> None:
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    LedgerFeed(store).take(numbered(story()))
    store.dispose()
    by = "tenant,model,day"
    rows = list(csv.DictReader(io.StringIO(admin("usage", "--by", by, "--csv"))))
    same: list[Any] = [json.loads(r) for r in admin("usage", "--by", by, "--json").splitlines()]
    assert [list(row) for row in rows] == [list(row) for row in same]
    assert [float(row["cost_usd"]) for row in rows] == [row["cost_usd"] for row in same]
    assert sum(row["attempts"] for row in same) > 0
    table = admin("usage", "--by", by).splitlines()
    assert len(table) == len(rows) + 1
    assert table[0].split() == ["tenant", "model", "day", "attempts", "input", "tokens", "output",
                                "tokens", "cost", "usd", "held", "usd", "unpriced"]  # fmt: skip


def test_audit_verifies_what_administrators_did(tmp_path: Path, admin: Admin) -> None:
    admin("tenant", "create", "acme")
    admin("quota", "set", "tenant:acme", "--usd", "5")
    assert "admin_actions: 2 rows, unbroken" in admin("audit")
    store = open_store(f"sqlite:///{tmp_path}/ledger.db")
    with store.begin() as connection:
        connection.execute(text(
            "UPDATE admin_actions SET document = replace(document, '5000000', '9000000')"
        ))  # fmt: skip
    store.dispose()
    assert "admin_actions, row 1: was altered" in admin("audit", code=1)
