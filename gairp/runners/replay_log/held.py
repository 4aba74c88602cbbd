"""Policies that the model registry holds, evaluated as they would be served."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from gairp.errors import ConfigError, DataError
from gairp.policies.trained_for import TrainedFor
from gairp.records.events import Opened
from gairp.runners.replay.opening import JOB_KEYS

_SCHEME = "models:/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One version of a registered model."""

    model: str
    version: str
    document: Mapping[str, Any]

    @property
    def uri(self) -> str:
        """What names this very version, wherever an alias points later."""
        return f"{_SCHEME}{self.model}/{self.version}"

    def arguments(self, opened: Opened, otherwise: str) -> dict[str, Any]:
        """Of a `Challenge` on this log: what makes the policy, its own utility and seed among it.

        Raises DataError as `reads` does.
        """
        job = {key: self.document[key] for key in JOB_KEYS if key in self.document}
        return {
            "name": self.uri,
            "config": job.pop("config"),
            "reads": self.reads(opened, otherwise),
            "floor": float(job.pop("floor", None) or 0.0),
            "more": job,
            "state": self.state,
        }

    @property
    def state(self) -> bytes | None:
        """What it had learned when it was registered."""
        state = self.document.get("state")
        return None if state is None else base64.b64decode(state)

    def check_arms(self, arms: Collection[str]) -> None:
        """Raise ConfigError where the log's arms are not those that it was trained for."""
        trained = msgspec.convert(self.document.get("trained_for") or {}, TrainedFor).arms
        if trained is not None and set(trained) != set(arms):
            raise ConfigError(
                f"{self.uri} was trained for the arms {', '.join(sorted(trained))}, and the log "
                f"has {', '.join(sorted(arms))}: what it would do with others the log cannot tell; "
                "evaluate it on a log of its arms, or train one for these (+experiment=train)"
            )

    def reads(self, opened: Opened, otherwise: str) -> str:
        """The name under which the log has its features; `otherwise` where it does not say which.

        Raises DataError where they are not in the log.
        """
        wanted = (self.document.get("features") or {}).get(self.document.get("reads") or "")
        if not wanted:
            return otherwise
        for name, fingerprint in opened.features.items():
            if fingerprint == wanted:
                return name
        stored = ", ".join(f"{name or 'the policy'}: {it}" for name, it in opened.features.items())
        raise DataError(
            f"{self.uri} reads the features {wanted}, and the log of {opened.learner!r} has others "
            f"({stored or 'none'}); serve with the features that it was trained on, or store them "
            "while the log is written (log.features)"
        )


def with_held(given: Mapping[str, Any], registry: str) -> tuple[dict[str, Any], dict[str, Held]]:
    """The settings with versions in place of `models:/NAME@ALIAS`, and those versions by address.

    Opens no registry where nothing names one. Raises ConfigError for an address that is nobody's.
    """
    challenger, champion = given["challenger"], given["champion"]
    policies = dict(given["policies"])
    names = challenger if isinstance(challenger, list) else [challenger]
    addresses = {name: _address(name, policies) for name in (*names, champion)}
    found = {name: held(uri, registry) for name, uri in addresses.items() if uri}
    by_uri = {it.uri: it for it in found.values()}
    policies |= {uri: dict(it.document["config"]) for uri, it in by_uri.items()}
    settings = {
        "challenger": [found[name].uri if name in found else name for name in names],
        "champion": found[champion].uri if champion in found else champion,
    }
    return {**given, **settings, "policies": policies}, by_uri


def held(uri: str, registry: str) -> Held:
    """What this address of the registry names now; ConfigError where it is nobody's."""
    from gairp.tracking.registry import PolicyRegistry

    store = PolicyRegistry(registry)
    model, version = store.resolve(uri)
    return Held(model=model, version=version, document=store.document(model, version))


def _address(name: Any, policies: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The address that a name is, or that its configuration gives."""
    if isinstance(name, str) and name.startswith(_SCHEME):
        return name
    config = policies.get(name, {})
    return str(config["uri"]) if "uri" in config and "_target_" not in config else None
