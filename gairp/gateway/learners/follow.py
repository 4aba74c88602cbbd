"""Serves what an alias of the model registry points at, and swaps when the alias moves."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from gairp.errors import ConfigError, GairpError
from gairp.features import FeatureBuilder
from gairp.gateway.learners.house import House
from gairp.gateway.learners.recipe import PolicyRecipe
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_URI = re.compile(r"models:/([^@/]+)@([^@/]+)")


class Registry(Protocol):
    """What is asked of the registry; `gairp.tracking.registry.PolicyRegistry` is one."""

    def get_alias(self, model: str, alias: str) -> str | None: ...

    def document(self, model: str, version: str) -> dict[str, Any]: ...


class Followed(NamedTuple):
    """One version, ready to be served."""

    recipe: PolicyRecipe
    version: str
    state: bytes | None


class AliasFollower:
    """Policies by the alias that each follows."""

    def __init__(
        self, registry: Registry, uris: Mapping[str, str], builder: FeatureBuilder
    ) -> None:
        """`uris` maps a policy's name to `models:/MODEL@ALIAS`; ConfigError for anything else."""
        self._registry, self._builder = registry, builder
        self._followed = {name: _parsed(name, uri) for name, uri in uris.items()}
        self.refused: dict[str, str] = {}  #: policies whose newest version cannot be served: why

    def current(self, name: str) -> Followed:
        """The version that the alias points at now. Raises ConfigError where there is none, or it
        reads other features than this gateway makes.
        """
        model, alias = self._followed[name]
        version = self._registry.get_alias(model, alias)
        if version is None:
            raise ConfigError(
                f"policies.{name}: no version of {model!r} has the alias {alias!r}; register one, "
                f"and point the alias at it"
            )
        return self._version(name, version)

    async def watch(self, house: House, every_s: float) -> None:
        """Swap whatever has moved, until cancelled; what cannot be served leaves the old one."""
        while True:
            await asyncio.sleep(every_s)
            for name in self._followed:
                await self.look(house, name)

    async def look(self, house: House, name: str) -> bool:
        """Whether another version of this policy is in charge now."""
        model, alias = self._followed[name]
        try:
            version = await asyncio.to_thread(self._registry.get_alias, model, alias)
            if version is None or version == house.find(name).version:
                return False
            found = await asyncio.to_thread(self._version, name, version)
            house.swap(found.recipe, found.version, self._builder, state=found.state)
        except GairpError as error:
            if self.refused.get(name) != str(error):
                note(_LOG, logging.ERROR, "policy.refused",
                     f"policy {name} stays as it was: {error}", policy=name)  # fmt: skip
            self.refused[name] = str(error)
            return False
        self.refused.pop(name, None)
        note(_LOG, logging.INFO, "policy.swapped", f"policy {name}: version {version} is in charge",
             policy=name, version=version)  # fmt: skip
        return True

    def _version(self, name: str, version: str) -> Followed:
        model, _ = self._followed[name]
        document = self._registry.document(model, version)
        reads = (document.get("features") or {}).get("", "")
        if reads and reads != self._builder.fingerprint():
            raise ConfigError(
                f"policies.{name}: version {version} of {model!r} reads the features {reads}, and "
                f"this gateway makes {self._builder.fingerprint()}; set serving.features to those "
                "that it was trained with"
            )
        state = document.get("state")
        recipe = PolicyRecipe(
            policy=name,
            config=document["config"],
            seed=int(document.get("seed") or 0),
            utility=document.get("utility") or {},
            floor=float(document.get("floor") or 0.0),
            cost_weight=document.get("cost_weight"),
        )
        return Followed(recipe, version, None if state is None else base64.b64decode(state))


def followed_uris(policies: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The policies that are given by a `uri` in place of a class."""
    return {name: str(fields["uri"]) for name, fields in policies.items() if "uri" in fields}


def _parsed(name: str, uri: str) -> tuple[str, str]:
    match = _URI.fullmatch(uri)
    if match is None:
        raise ConfigError(f"policies.{name}.uri is {uri!r}; give models:/MODEL@ALIAS")
    return match[1], match[2]
