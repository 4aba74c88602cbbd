"""Tokens: good ones, and what is tried with bad ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from gairp.errors import ConfigError, DataError
from gairp.gateway.errors import ApiError
from gairp.gateway.principal import Quota
from gairp.gateway.tenants.authenticator import Authenticator
from gairp.gateway.tenants.issuer import Algorithm, Issuer
from gairp.gateway.tenants.jwks import read_jwks
from gairp.gateway.tenants.static import StaticKeys
from tests.gateway.tenants.world import (
    ED_KEY,
    ISSUER,
    RSA_KEY,
    bearer,
    claims,
    issuer,
    jwk,
    jwks,
    token,
)

NOW = int(time.time())
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def authenticator(**more: Any) -> Authenticator:
    static = StaticKeys([], {"acme": {"quota": {"rpm": 5}}})
    return Authenticator(issuers=[Issuer.of(issuer(**more))], static=static)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_good_token(algorithm: str) -> None:
    gate = authenticator()
    for _ in range(2):  # the second time from memory
        principal = gate.authenticate(bearer(token(algorithm)))
        assert (principal.tenant, principal.project, principal.key_id) == (
            "acme", "default", "jwt:ada",
        )  # fmt: skip
        assert principal.scopes == {"inference", "feedback"}
        assert principal.quotas == (("tenant:acme", Quota(rpm=5)),)


def b64(data: bytes | dict[str, Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header: dict[str, Any], body: dict[str, Any], secret: bytes | None = None) -> str:
    """With an HMAC of `secret`, or without a signature."""
    signed = f"{b64({'typ': 'JWT', **header})}.{b64(body)}"
    mac = b"" if secret is None else hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{b64(mac)}"


def pem(key: Any = RSA_KEY) -> bytes:
    public: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public


def other_kid(text: str) -> str:
    """The same claims and signature under another header."""
    _, body, signature = text.split(".")
    return f"{b64({'alg': 'ES256', 'kid': 'es256'})}.{body}.{signature}"


def tampered(text: str) -> str:
    head, _, signature = text.split(".")
    return f"{head}.{b64(claims(org='zen'))}.{signature}"


ATTACKS: dict[str, tuple[str, str]] = {
    "alg none": (forged({"alg": "none"}, claims()), "algorithm"),
    "alg None, with a kid": (forged({"alg": "NoNe", "kid": "rs256"}, claims()), "algorithm"),
    "no alg": (forged({"kid": "rs256"}, claims()), "algorithm"),
    "alg is a list": (forged({"alg": ["RS256"], "kid": "rs256"}, claims()), "algorithm"),
    "HMAC with the public key": (
        forged({"alg": "HS256", "kid": "rs256"}, claims(), pem()), "algorithm"),
    "HMAC with the public JWK": (
        forged({"alg": "HS256", "kid": "rs256"}, claims(), json.dumps(jwk("RS256")).encode()),
        "algorithm"),
    "HMAC that says RS256": (forged({"alg": "RS256", "kid": "rs256"}, claims(), pem()), "wrong"),
    "no signature": (forged({"alg": "RS256", "kid": "rs256"}, claims()), "wrong"),
    "the header of another algorithm": (other_kid(token()), "wrong"),
    "RS256 under the kid of ES256": (token(headers={"kid": "es256"}), "does not publish"),
    "PS256": (token("RS256").replace(token("RS256").split(".")[0], b64({"alg": "PS256"})),
              "algorithm"),
    "a stranger's key": (token(key=STRANGER), "wrong"),
    "a stranger's key in the header": (
        token(key=STRANGER, headers={"jwk": jwk("RS256", STRANGER), "jku": "https://evil/"}),
        "wrong"),
    "a stranger's key, by kid": (token(key=STRANGER, headers={"kid": "mine"}), "does not publish"),
    "kid is a path": (token(key=STRANGER, headers={"kid": "../../dev/null"}), "does not publish"),
    "kid is no text": (forged({"alg": "RS256", "kid": {"a": 1}}, claims()), "kid is no text"),
    "claims were altered": (tampered(token()), "wrong"),
    "expired": (token(exp=NOW - 86_400), "expired"),
    "no exp": (token(exp=None), "exp is missing"),
    "exp is text": (token(exp="never"), "wrong"),
    "exp without end": (forged({"alg": "RS256", "kid": "rs256"}, {**claims(), "exp": 1e999}),
                        "wrong"),
    "not valid yet": (token(nbf=NOW + 86_400), "not valid yet"),
    "issued in the future": (token(iat=NOW + 86_400), "not valid yet"),
    "another audience": (token(aud="other"), "another audience"),
    "no audience": (token(aud=None), "aud is missing"),
    "another issuer": (token(iss="https://evil.example.com/"), "issuer"),
    "issuer without its slash": (token(iss=ISSUER.rstrip("/")), "issuer"),
    "issuer is a list": (forged({"alg": "RS256", "kid": "rs256"}, {**claims(), "iss": [ISSUER]}),
                         "issuer"),
    "no subject": (token(sub=None), "sub is missing"),
    "crit": (token(headers={"crit": ["new"], "new": 1}), "crit"),
    "too long": (token(blob="x" * 9000), "longer"),
    "deeply nested": (f"{b64({'alg': 'RS256'})}.{b64(b'[' * 5000)}.x", "no JSON Web Token"),
    "no JSON": ("a.b.c", "no JSON Web Token"),
    "encrypted": ("a.b.c.d.e", "Incorrect API key"),
    "JSON of another kind": (f"{b64(b'[]')}.{b64(b'{}')}.x", "no JSON Web Token"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_refused(attack: str) -> None:
    text, why = ATTACKS[attack]
    gate = authenticator()
    gate.authenticate(bearer(token()))  # and one who was let in changes nothing
    with pytest.raises(ApiError, match=why) as caught:
        gate.authenticate(bearer(text))
    assert caught.value.status == 401
    assert text not in str(caught.value)
    assert caught.value.headers["www-authenticate"].startswith("Bearer")


def test_clocks_may_differ_a_little() -> None:
    now = int(time.time())
    gate = authenticator(leeway_s=300)
    assert gate.authenticate(bearer(token(exp=now - 100, nbf=now + 100))).tenant == "acme"
    with pytest.raises(ApiError, match="expired"):
        authenticator(leeway_s=0).authenticate(bearer(token(exp=now - 100)))


def test_a_remembered_token_expires() -> None:
    end = int(time.time()) + 600
    now = [0.0]
    gate = Authenticator(issuers=[Issuer.of(issuer())], now=lambda: now[0])
    text = bearer(token(exp=end))
    assert gate.authenticate(text).tenant == "acme"
    now[0] = end + 29
    assert gate.authenticate(text).tenant == "acme"
    now[0] = end + 30
    with pytest.raises(ApiError, match="expired"):
        gate.authenticate(text)


def test_one_of_several_audiences_is_enough() -> None:
    gate = authenticator(audience=["gairp", "gairp-eu"])
    assert gate.authenticate(bearer(token(aud=["x", "gairp-eu"]))).tenant == "acme"


def test_a_token_without_kid_fits_where_one_key_is_there() -> None:
    assert authenticator().authenticate(bearer(token(headers={"kid": None}))).tenant == "acme"
    two = jwks(jwk("RS256"), jwk("RS256", STRANGER, kid="two"))
    with pytest.raises(ApiError, match="does not publish"):
        authenticator(jwks=two).authenticate(bearer(token(headers={"kid": None})))


# -- what claims mean --------------------------------------------------------------------------


def test_tenants_come_from_the_map_where_there_is_one() -> None:
    gate = authenticator(tenants={"org-1": "acme"}, project_claim="app.project")
    found = gate.authenticate(bearer(token(org="org-1", app={"project": "chat"})))
    assert (found.tenant, found.project) == ("acme", "chat")
    for wrong in ("acme", "", None, 7, ["org-1"], "a/b", "x\n"):
        with pytest.raises(ApiError, match="names no tenant") as caught:
            gate.authenticate(bearer(token(org=wrong, app={"project": "chat"})))
        assert caught.value.status == 403


def test_a_fixed_tenant_cannot_be_left() -> None:
    gate = authenticator(tenant="zen", tenant_claim=None)
    assert gate.authenticate(bearer(token(org="acme", tenant="acme"))).tenant == "zen"


@pytest.mark.parametrize(
    ("said", "scopes"),
    [
        ("ask tell", {"inference", "feedback"}),
        (["ask", "boss"], {"inference", "admin"}),
        ("admin inference", set()),  # names of this gateway's mean nothing to it
        (None, set()),
        (7, set()),
        ([["ask"]], set()),
    ],
)
def test_scopes_come_from_the_map_alone(said: Any, scopes: set[str]) -> None:
    names = {"ask": "inference", "tell": "feedback", "boss": "admin"}
    gate = authenticator(scopes_claim="realm.roles", scopes=names)
    assert gate.authenticate(bearer(token(realm={"roles": said}))).scopes == scopes


def test_subjects_that_logs_cannot_carry_go_by_their_hash() -> None:
    found = authenticator().authenticate(bearer(token(sub="a\r\nset-cookie: x")))
    assert found.key_id == "jwt:sha256-" + hashlib.sha256(b"a\r\nset-cookie: x").hexdigest()[:32]


# -- keys and settings -------------------------------------------------------------------------

SYMMETRIC = {"kty": "oct", "k": b64(b"0" * 32), "alg": "HS256", "kid": "h"}
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)
PRIVATE_JWK = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(ED_KEY))


@pytest.mark.parametrize(
    "key",
    [
        SYMMETRIC,
        {**jwk("RS256"), "use": "enc"},
        {**jwk("RS256"), "alg": "HS256"},
        {**jwk("RS256"), "key_ops": ["encrypt"]},
        {**jwk("ES256"), "crv": "P-384"},
        {**jwk("ES256"), "x": "AAAA"},
        {**jwk("EdDSA"), **PRIVATE_JWK},
        jwk("RS256", SHORT),
        "a text",
    ],
)
def test_keys_that_are_not_to_be_trusted_are_passed_over(key: Any) -> None:
    everything: tuple[Algorithm, ...] = ("RS256", "ES256", "EdDSA")
    with pytest.raises(DataError, match="no key of the set"):
        read_jwks({"keys": [key]}, everything)
    good = jwk("EdDSA", ed25519.Ed25519PrivateKey.generate(), kid="good")
    assert len(read_jwks({"keys": [key, good]}, everything)) == 1


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"audience": []}, "audience is empty"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"jwks_url": "http://login.example.com/keys"}, "https"),
        ({"jwks_url": "file:///etc/passwd"}, "https"),
        ({"jwks": None}, "jwks_url, or jwks"),
        ({"tenant": "acme"}, "tenant, or tenant_claim"),
        ({"default_scopes": ["admin"]}, "default_scopes"),
        ({"leeway_s": 86400}, "leeway_s"),
        ({"verify": False}, "unknown field"),
    ],
)
def test_settings_that_open_a_door_are_refused(more: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Issuer.of(issuer(**more))
