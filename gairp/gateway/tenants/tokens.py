"""Bearer tokens: JSON Web Tokens (RFC 7519), verified as RFC 8725 asks.

The issuer's key says which algorithm a token is verified with; a token whose header says another
(`none`, or HMAC with a public key as its secret) is refused before anything is computed. Keys that
a token brings along or points to (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
"""

from __future__ import annotations

import binascii
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from gairp.errors import MissingDependencyError
from gairp.gateway.errors import ApiError
from gairp.gateway.principal import Principal
from gairp.gateway.tenants.issuer import Issuer, key_id_of
from gairp.gateway.tenants.jwks import VerifyingKey
from gairp.gateway.tenants.keyring import Keyring

_LONGEST = 8192
_REMEMBERED = 10_000
_REQUIRED = ["iss", "aud", "sub", "exp"]
Welcome = Callable[[Issuer, Mapping[str, Any]], Principal]


class UnknownSignerError(ApiError):
    """The token may be good, but its key is not known yet: the keys may have to be fetched."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        super().__init__(
            401, "the token is signed with a key that its issuer does not publish",
            code="invalid_token", headers={"www-authenticate": 'Bearer error="invalid_token"'},
        )  # fmt: skip


class _Known(NamedTuple):
    principal: Principal
    expires_at: float
    keyring: Keyring
    generation: int


class TokenVerifier:
    """`welcome` makes a principal of the claims of a token that is verified."""

    def __init__(
        self,
        keyrings: Mapping[str, Keyring],
        *,
        welcome: Welcome,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keyrings, self._welcome, self._now = keyrings, welcome, now
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def verify(self, token: bytes) -> Principal:
        """ApiError 401 for a token that is not good, 403 for one of no tenant, 503 without keys.

        A token that was verified is remembered by its hash until it expires or the keys change.
        """
        digest = sha256(token).digest()
        known = self._known.get(digest)
        if known is not None and known.generation == known.keyring.generation:
            if self._now() >= known.expires_at:
                raise refused("it has expired")
            if known.keyring.keys is not None:
                return known.principal
        keyring, principal, expires_at = self._verified(token)
        if len(self._known) >= _REMEMBERED:
            self._known.popitem(last=False)
        self._known[digest] = _Known(principal, expires_at, keyring, keyring.generation)
        return principal

    def _verified(self, token: bytes) -> tuple[Keyring, Principal, float]:
        if len(token) > _LONGEST:
            raise refused(f"it is longer than {_LONGEST} bytes")
        header, claims = _unverified(token)
        keyring = self._keyrings.get(str(claims.get("iss")))
        if keyring is None:
            raise refused("its issuer (iss) is not one of this gateway's")
        claims = _checked(token, self._key(header, keyring), keyring.issuer)
        expires_at = float(claims["exp"]) + keyring.issuer.leeway_s
        return keyring, self._welcome(keyring.issuer, claims), expires_at

    def _key(self, header: Mapping[str, Any], keyring: Keyring) -> VerifyingKey:
        kid, algorithm = header.get("kid"), header.get("alg")
        if algorithm not in keyring.issuer.algorithms:
            raise refused("its algorithm is not one of those that its issuer may use")
        if "crit" in header:
            raise refused("it asks for extensions (crit) that are not known here")
        if kid is not None and not isinstance(kid, str):
            raise refused("its kid is no text")
        keys = keyring.keys
        if keys is None:
            raise ApiError(
                503, "the keys of the token's issuer cannot be had; try again",
                code="issuer_unavailable", retry_after_s=5.0,
            )  # fmt: skip
        key = keys.find(kid, algorithm)
        if key is None:
            raise UnknownSignerError(keyring)
        return key


def principal_of(
    issuer: Issuer, claims: Mapping[str, Any], quotas: Callable[[str, str, str], Any]
) -> Principal:
    """`quotas` finds those of (tenant, project, key id)."""
    tenant, project = issuer.tenant_of(claims), issuer.project_of(claims)
    key_id = key_id_of(str(claims["sub"]))
    return Principal(
        tenant=tenant, project=project, key_id=key_id, scopes=issuer.scopes_of(claims),
        models=issuer.models, quotas=quotas(tenant, project, key_id),
    )  # fmt: skip


def refused(why: str) -> ApiError:
    """401, as RFC 6750 has it."""
    return ApiError(
        401, f"the token is not accepted: {why}", code="invalid_token",
        headers={"www-authenticate": 'Bearer error="invalid_token"'},
    )  # fmt: skip


def _unverified(token: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, to know whose key to look for; nothing of them is believed."""
    parts = token.split(b".")
    if len(parts) != 3:
        raise refused("it is no signed JSON Web Token")
    return _object(parts[0]), _object(parts[1])


def _object(part: bytes) -> dict[str, Any]:
    try:
        found = json.loads(binascii.a2b_base64(part.translate(_URL_SAFE) + b"=="))
    except (ValueError, RecursionError):
        raise refused("it is no JSON Web Token") from None
    if not isinstance(found, dict):
        raise refused("it is no JSON Web Token")
    return found


_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def _checked(token: bytes, key: VerifyingKey, issuer: Issuer) -> dict[str, Any]:
    """The claims, believed."""
    try:
        import jwt
    except ImportError:
        raise MissingDependencyError("pyjwt", extra="gateway", needed_for="tokens") from None
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key.key, algorithms=[key.algorithm], audience=list(issuer.audience),
            issuer=issuer.issuer, leeway=issuer.leeway_s, options={"require": _REQUIRED},
        )  # fmt: skip
        float(claims["exp"])
        return claims
    except jwt.ExpiredSignatureError:
        raise refused("it has expired") from None
    except jwt.ImmatureSignatureError:
        raise refused("it is not valid yet") from None
    except jwt.InvalidAudienceError:
        raise refused("it is for another audience") from None
    except jwt.MissingRequiredClaimError as error:
        raise refused(f"its claim {error.claim} is missing") from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        raise refused("its signature or its claims are wrong") from None
