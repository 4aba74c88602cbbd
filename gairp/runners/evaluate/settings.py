"""What an evaluation is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from gairp.errors import ConfigError, UnknownNameError
from gairp.ope.gate import Gate
from gairp.ope.refusal import Floor
from gairp.runners.evaluate.chance import Chance
from gairp.runners.replay_log.held import Held

#: The name of the policy that wrote the log.
LOGGED = "logged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """A quantity that may not get worse by more than a margin."""

    margin: float | None  #: relative to the champion's; None: not guarded
    bound: float | None  #: the most that one request can have

    def checked(self, name: str) -> Guard:
        """Raise ConfigError where it is guarded and has no bound."""
        if self.margin is not None and self.bound is None:
            raise ConfigError(
                f"guards.{name}.bound must be set: the most that one request can have (a test "
                f"that may be looked at at any time needs it), or guards.{name}.margin=null to "
                "leave it unguarded"
            )
        return self


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """Where a promotion is told to."""

    move: bool = False
    uri: str = "sqlite:///mlruns/mlflow.db"
    model: str = "router"
    alias: str = "champion"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The keys of conf/evaluate.yaml."""

    log: Path
    out: Path
    challengers: tuple[str, ...]
    champion: str = LOGGED
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    held: Mapping[str, Held] = field(default_factory=dict)  #: those of the registry, by address
    learner: str | None = None
    reads: str = ""
    state: Path | None = None
    floor: float = 0.0
    train: float | None = None  #: a share of the log below 1, a number of decisions from 1 on
    maturity_s: float = 0.0
    observed: Chance | None = None  #: None: unknown
    alpha: float = 0.05
    max_weight: float | None = None
    minimum_gain: float = 0.0
    futility_gain: float = 0.01
    guards: Mapping[str, Guard] = field(default_factory=dict)
    slices: tuple[str, ...] = ("tenant", "category")
    refuse: Floor = field(default_factory=Floor)
    model: Mapping[str, Any] = field(default_factory=lambda: {"ridge": 1.0, "folds": 3})
    draws: int = 1000
    seed: int = 0
    registry: Registry = field(default_factory=Registry)

    def __post_init__(self) -> None:
        names = (*self.challengers, *([] if self.champion == LOGGED else [self.champion]))
        if not self.challengers:
            raise ConfigError(
                "challenger must name a policy of conf/policy, such as linucb, or of the registry, "
                "such as models:/router@challenger"
            )
        for name in names:
            if name not in self.policies:
                raise UnknownNameError("policy", name, [LOGGED, *self.policies])
        if self.train is not None and not (
            self.train >= 0.0 and (self.train < 1.0 or self.train == int(self.train))
        ):
            raise ConfigError(
                f"train is {self.train}; give a share below 1 or a whole number of decisions"
            )
        for name in self.slices:
            if name not in ("tenant", "category"):
                raise UnknownNameError("slice", name, ["tenant", "category"])

    @property
    def gate(self) -> Gate:
        """The gate of one challenger; several share the error rate (Bonferroni)."""
        try:
            return Gate(
                alpha=self.alpha / len(self.challengers),
                minimum_gain=self.minimum_gain,
                futility_gain=self.futility_gain,
                max_weight=self.max_weight,
            )
        except ValueError as error:
            raise ConfigError(str(error)) from error

    @classmethod
    def of(cls, given: Mapping[str, Any], out: Path) -> Self:
        """From the composed configuration as plain values; ConfigError for what is missing."""
        settings = dict(given)
        for key in ("log", "challenger"):
            if settings.get(key) in (None, "???", ""):
                raise ConfigError(f"{key} must be set: add {key}=… to the command")
        challenger = settings.pop("challenger")
        names = challenger if isinstance(challenger, list) else [challenger]
        guards = {k: Guard(**v).checked(k) for k, v in settings.pop("guards").items()}
        state = settings.pop("state")
        known = {one.name for one in fields(cls)} | {"policies", "runner"}
        for key in settings:
            if key not in known:
                raise UnknownNameError("key", key, known)
        settings.pop("runner", None)
        return cls(
            **{
                **settings,
                "log": Path(settings["log"]),
                "out": out,
                "challengers": tuple(names),
                "observed": Chance.of(settings["observed"]),
                "guards": guards,
                "state": None if state is None else Path(state),
                "slices": tuple(settings["slices"]),
                "refuse": Floor(**settings["refuse"]),
                "registry": Registry(**settings["registry"]),
            }
        )
