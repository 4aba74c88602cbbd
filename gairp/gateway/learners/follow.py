"""Serves what an alias of the model registry points at, and swaps when the alias moves."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from gairp.errors import ConfigError, GairpError
from gairp.features import FeatureBuilder
from gairp.gateway.learners.house import House
from gairp.gateway.learners.recipe import PolicyRecipe
from gairp.policies.state import unpack
from gairp.policies.trained_for import TrainedFor
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_URI = re.compile(r"models:/([^@/]+)(?:@([^@/]+)|/([^@/]+))")


class Registry(Protocol):
    """What is asked of the registry; `gairp.tracking.registry.PolicyRegistry` is one."""

    def get_alias(self, model: str, alias: str) -> str | None: ...

    def document(self, model: str, version: str) -> dict[str, Any]: ...


class Followed(NamedTuple):
    """One version, ready to be served."""

    recipe: PolicyRecipe
    version: str
    state: bytes | None
    builder: FeatureBuilder  #: the version's own where it brings one


class AliasFollower:
    """Policies by the alias that each follows."""

    def __init__(
        self,
        registry: Registry,
        uris: Mapping[str, str],
        builder: FeatureBuilder,
        *,
        arms: Collection[str] | None = None,
        subset: Collection[str] = (),
    ) -> None:
        """`uris` maps a policy's name to `models:/MODEL@ALIAS`, or `models:/MODEL/VERSION` for one
        that stays; ConfigError for anything else. `arms` are those that are served, `subset` the
        policies that may do without some that they were trained for.
        """
        self._registry, self._builder = registry, builder
        self._arms, self._subset = arms, subset
        self._followed = {name: _parsed(name, uri) for name, uri in uris.items()}
        self.refused: dict[str, str] = {}  #: policies whose newest version cannot be served: why

    def current(self, name: str) -> Followed:
        """The version that the alias points at now. Raises ConfigError where there is none, or it
        reads other features than this gateway makes.
        """
        version = self._newest(name)
        if version is None:
            model, alias, _ = self._followed[name]
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
        try:
            version = await asyncio.to_thread(self._newest, name)
            if version is None or version == house.find(name).version:
                return False
            found = await asyncio.to_thread(self._version, name, version)
            house.swap(found.recipe, found.version, found.builder, state=found.state)
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

    def _newest(self, name: str) -> str | None:
        model, alias, version = self._followed[name]
        return version or self._registry.get_alias(model, alias)

    def _version(self, name: str, version: str) -> Followed:
        model = self._followed[name][0]
        document = self._registry.document(model, version)
        who = f"policies.{name}: version {version} of {model!r}"
        trained_for = msgspec.convert(document.get("trained_for") or {}, TrainedFor)
        if self._arms is not None:
            trained_for.check_arms(who, self._arms, subset=name in self._subset)
        builder = self._built(who, document)
        state = document.get("state")
        recipe = PolicyRecipe(
            policy=name,
            config=document["config"],
            seed=int(document.get("seed") or 0),
            utility=document.get("utility") or {},
            floor=float(document.get("floor") or 0.0),
            cost_weight=document.get("cost_weight"),
        )
        begin_with = None if state is None else base64.b64decode(state)
        return Followed(recipe, version, begin_with, builder)

    def _built(self, who: str, document: Mapping[str, Any]) -> FeatureBuilder:
        """The builder that came with the version, as it was fitted; else the gateway's own."""
        own, state = document.get("builder"), document.get("builder_state")
        if own and state is not None:
            from hydra.utils import instantiate

            builder: FeatureBuilder = instantiate(dict(own), _convert_="all")
            return builder.restore(unpack(base64.b64decode(state)))
        reads = (document.get("features") or {}).get("", "")
        if reads and reads != self._builder.fingerprint():
            raise ConfigError(
                f"{who} reads the features {reads}, and this gateway makes "
                f"{self._builder.fingerprint()}; set serving.features to those that it was trained "
                "with"
            )
        return self._builder


def followed_uris(policies: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The policies that are given by a `uri` in place of a class."""
    return {name: str(fields["uri"]) for name, fields in policies.items() if "uri" in fields}


def _parsed(name: str, uri: str) -> tuple[str, str, str | None]:
    """Model, alias and version, of which one is empty."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise ConfigError(
            f"policies.{name}.uri is {uri!r}; give models:/MODEL@ALIAS or models:/MODEL/VERSION"
        )
    return match[1], match[2] or "", match[3]
