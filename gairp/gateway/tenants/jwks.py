"""A JSON Web Key Set (RFC 7517) as keys that verify, each with the one algorithm it is for."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from gairp.errors import DataError, MissingDependencyError
from gairp.gateway.tenants.issuer import Algorithm
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
#: (key type, curve) -> the algorithm that its signatures are made with; no symmetric key is one.
_KINDS: Mapping[tuple[Any, Any], Algorithm] = {
    ("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA",
}  # fmt: skip
_RSA_BITS = 2048
_MOST_KEYS = 100


class VerifyingKey(NamedTuple):
    """A public key; a token's header does not choose the algorithm, the key does."""

    kid: str | None
    algorithm: Algorithm
    key: Any


class KeySet:
    """The keys of one document."""

    def __init__(self, found: Collection[VerifyingKey]) -> None:
        self._found = tuple(found)

    def __len__(self) -> int:
        return len(self._found)

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        """A token without `kid` fits where one key of its algorithm is there."""
        fitting = [
            key
            for key in self._found
            if key.algorithm == algorithm and (kid is None or key.kid == kid)
        ]
        return fitting[0] if len(fitting) == 1 else None


def read_jwks(document: Any, algorithms: Collection[Algorithm]) -> KeySet:
    """The keys that may sign tokens; others are passed over, with a line in the log.

    Raises DataError for what is no key set, or where not one key is left.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise DataError("this is no JSON Web Key Set: it has no list `keys` of at most 100 keys")
    found: list[VerifyingKey] = []
    for fields in listed:
        read = _read(fields, algorithms)
        if isinstance(read, VerifyingKey):
            found.append(read)
        else:
            note(_LOG, logging.WARNING, "issuer.key_refused",
                 f"a key of a JSON Web Key Set is passed over: {read}")  # fmt: skip
    if not found:
        raise DataError(f"no key of the set verifies any of {', '.join(algorithms)}")
    return KeySet(found)


def _read(fields: Any, algorithms: Collection[Algorithm]) -> VerifyingKey | str:
    """The key, or why it is none."""
    if not isinstance(fields, dict):
        return "it is no object"
    algorithm = _KINDS.get((fields.get("kty"), fields.get("crv")))
    if algorithm is None or algorithm not in algorithms:
        return "its type is not one of those that are allowed"
    if fields.get("alg", algorithm) not in (algorithm, _also(algorithm)):
        return "its alg does not fit its type"
    if fields.get("use", "sig") != "sig" or "verify" not in fields.get("key_ops", ["verify"]):
        return "it is not for signatures"
    if "d" in fields:
        return "it is a private key, and whoever can read the set can sign with it"
    kid = fields.get("kid")
    if kid is not None and not isinstance(kid, str):
        return "its kid is no text"
    return _made(kid, algorithm, fields)


def _made(kid: str | None, algorithm: Algorithm, fields: dict[str, Any]) -> VerifyingKey | str:
    try:
        from jwt import PyJWK
        from jwt.exceptions import PyJWTError
    except ImportError:
        raise MissingDependencyError("pyjwt", extra="gateway", needed_for="tokens") from None
    try:
        key = PyJWK.from_dict(fields, algorithm).key
    except (PyJWTError, ValueError, TypeError, KeyError):
        return "it is damaged"
    if algorithm == "RS256" and key.key_size < _RSA_BITS:
        return f"it is shorter than {_RSA_BITS} bits"
    return VerifyingKey(kid, algorithm, key)


def _also(algorithm: Algorithm) -> str:
    """RFC 9864 has another name for EdDSA over this curve."""
    return "Ed25519" if algorithm == "EdDSA" else algorithm
