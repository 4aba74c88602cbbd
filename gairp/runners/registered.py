"""Policies and features of the model registry, in place of the addresses that name them.

A configuration names a trained policy by `uri: models:/NAME@ALIAS`. Before a run starts its state
is brought here, and the configuration says which version that is: runs, their keys and their logs
then hang on the version, and not on where an alias points later.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from gairp.errors import ConfigError
from gairp.features import FeatureSpec
from gairp.features.frame import write_state
from gairp.policies.state import unpack
from gairp.policies.trained_for import TrainedFor
from gairp.runners.finished import whole

FITTED = "gairp.policies.fitted.Fitted"
FEATURES = "gairp.features.FittedFeatures"
FLOOR = "gairp.policies.floor.ExplorationFloor"


@dataclass(frozen=True, slots=True)
class Loaded:
    """One policy that came from the registry."""

    who: str  #: its place in the configuration, and its version
    uri: str
    trained_for: TrainedFor
    subset: bool  #: whether it may do without some of its arms

    def check(
        self,
        arms: tuple[str, ...],
        features: FeatureSpec | None,
        utility: Mapping[str, Any],
        *,
        swept: bool = False,
    ) -> None:
        """Raise ConfigError that names what differs from what it was trained for."""
        self.trained_for.check_arms(self.who, arms, subset=self.subset)
        remedy = f"features=registered features.uri={self.uri} takes those of the model"
        self.trained_for.check_features(self.who, features, remedy)
        self.trained_for.check_utility(self.who, utility)
        if swept and self.trained_for.utility is not None:
            raise ConfigError(
                f"{self.who} has learned one utility, and the study sweeps its cost weight; set "
                "sweep.cost_weights=[], or train a router that predicts quality"
            )


def with_registered(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[Loaded]]:
    """The settings with what `uri` names in its place, and the policies that came from there.

    Reads nothing where nothing names a `uri`. Raises ConfigError for one that is not there.
    """
    shelf = _Shelf(settings)
    policies = {
        name: shelf.policy(f"policies.{name}", config)
        for name, config in settings["policies"].items()
    }
    features = settings["features"]
    if "uri" in features and "_target_" not in features:
        features = shelf.features(str(features["uri"]))
    return {**settings, "policies": policies, "features": features}, shelf.loaded


class _Shelf:
    """Opens the registry when something asks for it."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._registry: Any = None
        self.loaded: list[Loaded] = []

    def policy(self, place: str, config: Any) -> Any:
        """The configuration, with every part of it that is an address replaced."""
        if isinstance(config, list):
            return [self.policy(f"{place}[{i}]", one) for i, one in enumerate(config)]
        if not isinstance(config, Mapping):
            return config
        if "_target_" in config or "uri" not in config:
            return {key: self.policy(f"{place}.{key}", value) for key, value in config.items()}
        model, version, document = self._document(f"{place}.uri", str(config["uri"]))
        source = f"models:/{model}/{version}"
        trained_for = msgspec.convert(document.get("trained_for") or {}, TrainedFor)
        self.loaded.append(
            Loaded(
                who=f"{place}: {source}",
                uri=source,
                trained_for=trained_for,
                subset=bool(config.get("subset", False)),
            )
        )
        return _fitted(document, source)

    def features(self, uri: str) -> dict[str, Any]:
        """A builder in the state that the model was trained with."""
        model, version, document = self._document("features.uri", uri)
        builder, state = document.get("builder"), document.get("builder_state")
        if not builder or state is None:
            raise ConfigError(
                f"features.uri: version {version} of {model!r} was registered without its feature "
                "builder; name the builder itself"
            )
        data = base64.b64decode(state)
        file = _folder() / f"{_digest(data)}.npz"
        write_state(file, unpack(data))
        return {"_target_": FEATURES, "builder": builder, "file": str(file)}

    def _document(self, key: str, uri: str) -> tuple[str, str, dict[str, Any]]:
        if self._registry is None:
            from gairp.tracking.registry import PolicyRegistry

            self._registry = PolicyRegistry(self._settings["tracking"]["uri"])
        try:
            model, version = self._registry.resolve(uri)
            return model, version, self._registry.document(model, version)
        except ConfigError as error:
            raise ConfigError(f"{key}: {error}") from error


def _fitted(document: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The configuration of a policy that is taken as the document has it."""
    config, state = dict(document["config"]), document.get("state")
    if floor := float(document.get("floor") or 0.0):
        config = {"_target_": FLOOR, "policy": config, "floor": floor}
    if state is None:
        return config
    data = base64.b64decode(state)
    file = _folder() / f"{_digest(data)}.state"
    with whole(file) as out:
        out.write(data)
    return {"_target_": FITTED, "policy": config, "file": str(file), "source": source}


def _folder() -> Path:
    own = os.environ.get("GAIRP_DATA_DIR") or Path.home() / ".cache" / "gairp"
    return Path(own) / "registry"


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
