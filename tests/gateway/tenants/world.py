"""A desk over a database, and an identity provider."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from sqlalchemy import Engine

from gairp.gateway.tenants.accounts import create_tenant
from gairp.gateway.tenants.desk import Desk

ISSUER, AUDIENCE = "https://login.example.com/", "gairp"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
PRIVATE: dict[str, Any] = {"RS256": RSA_KEY, "ES256": EC_KEY, "EdDSA": ED_KEY}


def desk(store: Engine, now: float | None = None, *tenants: str) -> Desk:
    """With these tenants."""
    made = Desk(store, actor="test", now=time.time if now is None else lambda: now)
    for tenant in tenants:
        create_tenant(made, tenant)
    return made


def jwk(algorithm: str, key: Any = None, **more: Any) -> dict[str, Any]:
    """The public part."""
    makers: dict[str, Any] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
    public = (key or PRIVATE[algorithm]).public_key()
    fields = json.loads(makers[algorithm].to_jwk(public))
    return {"kid": algorithm.lower(), "alg": algorithm, "use": "sig", **fields, **more}


def jwks(*keys: dict[str, Any]) -> dict[str, Any]:
    """A document; of all three keys where none is given."""
    return {"keys": list(keys) or [jwk(name) for name in PRIVATE]}


def issuer(**more: Any) -> dict[str, Any]:
    """Settings of the provider."""
    fields: dict[str, Any] = {"issuer": ISSUER, "audience": [AUDIENCE], "tenant_claim": "org"}
    if "jwks_url" not in more:
        fields["jwks"] = jwks()
    return {**fields, **more}


def claims(**more: Any) -> dict[str, Any]:
    """Of a good token; None leaves a claim out."""
    now = int(time.time())
    found = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "org": "acme", "exp": now + 600, **more}
    return {name: value for name, value in found.items() if value is not None}


def token(algorithm: str = "RS256", key: Any = None, headers: Any = None, **more: Any) -> str:
    """Signed; `more` changes claims."""
    head = {"kid": algorithm.lower(), **(headers or {})}
    return jwt.encode(
        claims(**more), key or PRIVATE[algorithm], algorithm=algorithm,
        headers={name: value for name, value in head.items() if value is not None},
    )  # fmt: skip


def bearer(text: str) -> bytes:
    """The header."""
    return f"Bearer {text}".encode()
