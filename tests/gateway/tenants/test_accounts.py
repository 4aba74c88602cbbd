"""Tenants, keys and quotas in a database."""

from __future__ import annotations

import logging
from hashlib import sha256

import pytest
from sqlalchemy import Engine, select, text

from gairp.errors import (
    ConfigError,
    ConflictError,
    DataError,
    GairpError,
    IntegrityError,
    UnknownNameError,
)
from gairp.gateway.audit.actions import actions, verify_actions
from gairp.gateway.errors import ApiError
from gairp.gateway.principal import Quota
from gairp.gateway.tenants.accounts import (
    create_project,
    create_tenant,
    disable_tenant,
    enable_tenant,
    find_tenant,
    tenants,
)
from gairp.gateway.tenants.authenticator import Authenticator
from gairp.gateway.tenants.desk import Desk, version
from gairp.gateway.tenants.issuer import Issuer
from gairp.gateway.tenants.issuers import issuers, remove_issuer, set_issuer
from gairp.gateway.tenants.keys import create_key, keys, revoke_key, rotate_key
from gairp.gateway.tenants.quotas import clear_quota, quotas, set_quota
from gairp.gateway.tenants.roster import read_roster
from gairp.gateway.tenants.tables import ISSUERS, KEYS, SECRETS
from tests.gateway.tenants.world import bearer, desk, issuer, token

NOW = 1_795_000_000.0


class Clock:
    """Moved by the test."""

    at = NOW

    def __call__(self) -> float:
        return self.at


def gate(store: Engine, clock: Clock) -> Authenticator:
    made = Authenticator(store=store, now=clock)
    made._install(read_roster(store))
    return made


def test_a_key_is_shown_once_and_kept_as_its_hash(store: Engine) -> None:
    it = desk(store, NOW, "acme")
    new = create_key(it, "acme", models=["gpt-*"], scopes=["inference"], title="web")
    head, prefix, secret = new.secret.text.split("-", 2)
    assert (head, new.secret.prefix) == ("gk", f"gk-{prefix}")
    assert len(secret) == 43  # 256 bits
    with store.connect() as connection:
        for table in (KEYS, SECRETS):
            for row in connection.execute(select(table)):
                assert secret not in str(tuple(row))
        stored = connection.execute(select(SECRETS.c.sha256)).scalar_one()
    assert stored == sha256(new.secret.text.encode()).hexdigest()
    assert secret not in repr(new)
    (listed,) = keys(store, tenant="acme", now=NOW)
    assert listed == new.key
    assert (listed.prefixes, listed.models) == ((f"gk-{prefix}",), ("gpt-*",))
    principal = gate(store, Clock()).authenticate(bearer(new.secret.text))
    assert (principal.tenant, principal.key_id) == ("acme", new.key.id)
    assert principal.scopes == {"inference"}
    assert principal.may_use("gpt-5")
    assert not principal.may_use("o3")


def test_rotation_overlaps_and_keeps_the_name(store: Engine) -> None:
    it, clock = desk(store, NOW, "acme"), Clock()
    old = create_key(it, "acme")
    new = rotate_key(it, old.key.id, overlap_s=3600)
    assert new.key.id == old.key.id
    assert new.key.prefixes == (new.secret.prefix, old.secret.prefix) or set(new.key.prefixes) == {
        new.secret.prefix,
        old.secret.prefix,
    }
    at = gate(store, clock)
    assert at.authenticate(bearer(old.secret.text)) == at.authenticate(bearer(new.secret.text))
    clock.at = NOW + 3600
    with pytest.raises(ApiError, match="expired"):
        at.authenticate(bearer(old.secret.text))
    assert at.authenticate(bearer(new.secret.text)).key_id == old.key.id


def test_rotation_at_once_and_again_never_prolongs(store: Engine) -> None:
    it, clock = desk(store, NOW, "acme"), Clock()
    first = create_key(it, "acme")
    second = rotate_key(it, first.key.id)  # leaked: no overlap
    third = rotate_key(it, first.key.id, overlap_s=3600)
    at = gate(store, clock)
    with pytest.raises(ApiError, match="expired"):
        at.authenticate(bearer(first.secret.text))
    for secret in (second.secret, third.secret):
        assert at.authenticate(bearer(secret.text)).key_id == first.key.id


def test_revoked_expired_and_disabled_keys_are_refused(store: Engine) -> None:
    it, clock = desk(store, NOW, "acme", "zen"), Clock()
    revoked, short = create_key(it, "acme"), create_key(it, "acme", expires_at=NOW + 10)
    other = create_key(it, "zen")
    revoke_key(it, revoked.key.id)
    clock.at = NOW + 10
    for new, why in ((revoked, "revoked"), (short, "expired")):
        with pytest.raises(ApiError, match=why) as caught:
            gate(store, clock).authenticate(bearer(new.secret.text))
        assert (caught.value.status, caught.value.code) == (401, "invalid_api_key")
    disable_tenant(it, "zen")
    with pytest.raises(ApiError, match="disabled"):
        gate(store, clock).authenticate(bearer(other.secret.text))
    enable_tenant(it, "zen")
    assert gate(store, clock).authenticate(bearer(other.secret.text)).tenant == "zen"
    for wrong in ("rotate", "revoke"):
        with pytest.raises(DataError, match="was revoked"):
            (rotate_key if wrong == "rotate" else revoke_key)(it, revoked.key.id)


def test_guesses_are_all_refused_alike(store: Engine) -> None:
    new = create_key(desk(store, NOW, "acme"), "acme")
    at, text_ = gate(store, Clock()), new.secret.text
    other = "a" if text_[-1] != "a" else "b"
    guesses = ["", "x", text_[:-1], text_ + "a", text_[:-1] + other, text_.upper(),
               new.secret.sha256, new.secret.prefix]  # fmt: skip
    said = set()
    for guess in guesses[1:]:
        with pytest.raises(ApiError) as caught:
            at.authenticate(bearer(guess))
        said.add((caught.value.status, str(caught.value), caught.value.code))
    assert said == {(401, "Incorrect API key provided", "invalid_api_key")}
    for header in (b"", b"Bearer", b"Bearer ", text_.encode(), f"Basic {text_}".encode()):
        with pytest.raises(ApiError, match="didn't provide"):
            at.authenticate(header)


def test_quotas_hold_for_key_project_and_tenant(store: Engine) -> None:
    it = desk(store, NOW, "acme")
    create_project(it, "acme", "chat")
    new = create_key(it, "acme", project="chat")
    names = {
        f"key:{new.key.id}": Quota(rpm=1),
        "project:acme/chat": Quota(usd=2.5, usd_period="day"),
        "project:acme/default": Quota(rpm=9),
        "tenant:acme": Quota(tpm=3, concurrency=4),
        "tenant:acme/model:gpt-*": Quota(usd=0.000001, usd_period="total"),
    }
    for name, quota in names.items():
        set_quota(it, name, quota)
    assert quotas(store) == names
    principal = gate(store, Clock()).authenticate(bearer(new.secret.text))
    assert principal.quotas == tuple(
        (name, quota) for name, quota in names.items() if name != "project:acme/default"
    )
    set_quota(it, "tenant:acme", Quota(rpm=7))
    clear_quota(it, "project:acme/chat")
    assert quotas(store)["tenant:acme"] == Quota(rpm=7)
    assert "project:acme/chat" not in quotas(store)


@pytest.mark.parametrize(
    ("name", "quota"),
    [
        ("acme", Quota(rpm=1)),
        ("tenant:zen", Quota(rpm=1)),
        ("tenant:acme/chat", Quota(rpm=1)),
        ("project:acme", Quota(rpm=1)),
        ("project:acme/none", Quota(rpm=1)),
        ("key:k-none", Quota(rpm=1)),
        ("tenant:acme", Quota()),
        ("tenant:acme", Quota(rpm=-1)),
        ("tenant:acme", Quota(usd=float("nan"))),
    ],
)
def test_quotas_that_cannot_be_are_refused(store: Engine, name: str, quota: Quota) -> None:
    with pytest.raises(GairpError):
        set_quota(desk(store, NOW, "acme"), name, quota)
    assert quotas(store) == {}


def test_a_change_that_fails_leaves_nothing_behind(store: Engine) -> None:
    it = desk(store, NOW, "acme")
    with store.connect() as connection:
        before = version(connection)
    with pytest.raises(ConflictError, match="there already"):
        create_tenant(it, "acme")
    with pytest.raises(UnknownNameError, match="unknown tenant 'none'; there are: acme"):
        create_key(it, "none")
    with pytest.raises(UnknownNameError, match="project of acme 'none'; there are: default"):
        create_key(it, "acme", project="none")
    with pytest.raises(UnknownNameError, match="scope"):
        create_key(it, "acme", scopes=["root"])
    with pytest.raises(ConfigError, match="past"):
        create_key(it, "acme", expires_at=NOW - 1)
    for name in ("", "A", "a/b", "a b", "-a", "x" * 64, "a\n"):
        with pytest.raises(ConfigError, match="small letters"):
            create_tenant(it, name)
    with store.connect() as connection:
        assert version(connection) == before
    assert [action.action for action in actions(store)] == ["create tenant"]
    assert [tenant.id for tenant in tenants(store)] == ["acme"]


def test_what_administrators_did_is_chained(store: Engine) -> None:
    it = Desk(store, actor="ada", now=lambda: NOW)
    create_tenant(it, "acme", title="Acme")
    new = create_key(it, "acme")
    revoke_key(it, new.key.id)
    found = actions(store)
    assert [(a.seq, a.actor, a.action, a.target) for a in found] == [
        (0, "ada", "create tenant", "acme"),
        (1, "ada", "create key", new.key.id),
        (2, "ada", "revoke key", new.key.id),
    ]
    assert found[0].at == "2026-11-18T11:06:40.000000+00:00"
    assert new.secret.text not in str(found)
    assert verify_actions(store) == (3, found[-1].hash)
    forged = {
        "UPDATE admin_actions SET document = replace(document, 'ada', 'bob') WHERE seq = 1":
            "row 1: was altered",
        "DELETE FROM admin_actions WHERE seq = 1": "row 1: is missing",
        "DELETE FROM admin_actions WHERE seq = 0": "row 0: is missing",
    }  # fmt: skip
    for statement, why in forged.items():
        with store.connect() as connection:
            kept = connection.execute(text("SELECT * FROM admin_actions")).all()
            connection.execute(text(statement))
            connection.commit()
            with pytest.raises(IntegrityError, match=why):
                verify_actions(store)
            connection.execute(text("DELETE FROM admin_actions"))
            for row in kept:
                connection.execute(
                    text("INSERT INTO admin_actions VALUES (:seq, :document, :hash)"),
                    dict(row._mapping),
                )
            connection.commit()
    assert verify_actions(store).lines == 3


def test_token_issuers_are_kept(store: Engine, caplog: pytest.LogCaptureFixture) -> None:
    it, clock = desk(store, NOW, "acme"), Clock()
    set_issuer(it, issuer(leeway_s=10))
    set_issuer(it, issuer())
    assert issuers(store) == [Issuer.of(issuer())]
    at = gate(store, clock)
    clock.at = 0.0
    assert at.authenticate(bearer(token())).tenant == "acme"
    with pytest.raises(ApiError, match="no such tenant") as caught:
        at.authenticate(bearer(token(org="zen")))
    assert caught.value.status == 403
    with store.begin() as connection:
        connection.execute(ISSUERS.insert().values(issuer="https://new/", settings='{"v": 2}'))
    with caplog.at_level(logging.ERROR):
        assert [one.issuer for one in issuers(store)] == [Issuer.of(issuer()).issuer]
    assert "https://new/ is passed over" in caplog.text
    remove_issuer(it, Issuer.of(issuer()).issuer)
    with pytest.raises(ApiError, match="Incorrect"):
        gate(store, clock).authenticate(bearer(token()))
    with pytest.raises(UnknownNameError):
        find_tenant(store, "none")
