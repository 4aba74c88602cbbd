"""Who signs tokens (an identity provider), and what its claims mean here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from gairp.errors import ConfigError
from gairp.gateway.errors import ApiError
from gairp.gateway.principal import Scope

Algorithm = Literal["RS256", "ES256", "EdDSA"]
_LOCAL = ("localhost", "127.0.0.1", "::1")
_SUBJECT = re.compile(r"[A-Za-z0-9|@._:+=-]{1,120}", re.ASCII)


class Issuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One issuer; its keys are at `jwks_url`, or stand here as `jwks` where they never change.

    The tenant is `tenant`, or what the claim `tenant_claim` says: through `tenants` where that is
    given, else as it is. Scopes come from `scopes_claim` (a list, or words) through `scopes`, which
    alone can give `admin`; without `scopes_claim` they are `default_scopes`. A claim may be a path:
    `realm_access.roles`.
    """

    issuer: str
    audience: tuple[str, ...]
    jwks_url: str | None = None
    jwks: dict[str, Any] | None = None
    algorithms: tuple[Algorithm, ...] = ("RS256", "ES256", "EdDSA")
    tenant: str | None = None
    tenant_claim: str | None = None
    tenants: dict[str, str] | None = None
    project_claim: str | None = None
    scopes_claim: str | None = None
    scopes: dict[str, Scope] = {}
    default_scopes: tuple[Literal["inference", "feedback"], ...] = ("inference", "feedback")
    models: tuple[str, ...] = ()
    leeway_s: float = 30.0  #: by which clocks may differ
    refresh_s: float = 300.0  #: keys are fetched anew so often
    cooldown_s: float = 30.0  #: at most so often because of a key that is not known

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Issuer:
        """Raises ConfigError that names what is wrong."""
        place = f"jwt issuer {fields.get('issuer', '?')!r}"
        try:
            issuer = msgspec.convert(dict(fields), cls)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{place}: {error}") from None
        for problem in issuer._problems():
            raise ConfigError(f"{place}: {problem}")
        return issuer

    def _problems(self) -> list[str]:
        found = []
        if not self.issuer:
            found.append("issuer is empty; give the value of the claim iss")
        if not self.audience or not all(self.audience):
            found.append("audience is empty; give the value of the claim aud that this gateway has")
        if (self.jwks_url is None) == (self.jwks is None):
            found.append("give jwks_url, or jwks")
        if self.jwks_url is not None and not _safe(self.jwks_url):
            found.append("jwks_url must begin with https:// (http:// is for this machine alone)")
        if (self.tenant is None) == (self.tenant_claim is None):
            found.append("give tenant, or tenant_claim")
        if not self.algorithms:
            found.append("algorithms is empty; there are: RS256, ES256, EdDSA")
        if not 0 <= self.leeway_s <= 300:
            found.append("leeway_s must be from 0 to 300")
        if self.refresh_s < 1 or self.cooldown_s < 1:
            found.append("refresh_s and cooldown_s must be 1 or more")
        return found

    # -- what claims mean ------------------------------------------------------------------

    def tenant_of(self, claims: Mapping[str, Any]) -> str:
        """ApiError 403 where the token names none that this issuer may speak for."""
        if self.tenant is not None:
            return self.tenant
        value = _claim(claims, self.tenant_claim or "")
        if isinstance(value, str) and self.tenants is not None:
            value = self.tenants.get(value)
        if not isinstance(value, str) or not _SUBJECT.fullmatch(value):
            raise ApiError(
                403, f"the token's claim {self.tenant_claim!r} names no tenant of this gateway",
                code="no_tenant",
            )  # fmt: skip
        return value

    def project_of(self, claims: Mapping[str, Any]) -> str:
        """`default` where no claim is to say it; ApiError 403 where it says nothing of use."""
        if self.project_claim is None:
            return "default"
        value = _claim(claims, self.project_claim)
        if not isinstance(value, str) or not _SUBJECT.fullmatch(value):
            raise ApiError(
                403, f"the token's claim {self.project_claim!r} names no project", code="no_project"
            )
        return value

    def scopes_of(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        """What is not in `scopes` gives nothing."""
        if self.scopes_claim is None:
            return frozenset(self.default_scopes)
        value = _claim(claims, self.scopes_claim)
        words = value.split() if isinstance(value, str) else value
        if not isinstance(words, list):
            return frozenset()
        return frozenset(
            self.scopes[word] for word in words if isinstance(word, str) and word in self.scopes
        )


def key_id_of(subject: str) -> str:
    """`jwt:SUBJECT`; a subject that quotas and logs cannot carry goes by its hash."""
    if _SUBJECT.fullmatch(subject):
        return f"jwt:{subject}"
    return f"jwt:sha256-{sha256(subject.encode('utf-8', 'replace')).hexdigest()[:32]}"


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """A claim whose name holds dots comes before a path."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _safe(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    )
