"""What a live run is told, checked before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from gairp.errors import ConfigError, UnknownNameError
from gairp.types import Arm


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """The `log` section."""

    folder: str | None = None  #: null: `log` in the run's output folder
    durability: Literal["process", "power"] = "process"
    content: bool = False  #: keep prompts and answers, not only their hashes
    features: Mapping[str, Any] = field(default_factory=dict)  #: further builders, by name


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """The `live` section."""

    backends: Mapping[str, Any]  #: name -> `_target_` and arguments
    arms: Mapping[str, Any]  #: name -> fields of `Arm`
    params: Mapping[str, Any] = field(default_factory=dict)  #: of every arm's requests
    examples: Mapping[str, Any] | None = None
    part: str = "test"
    count: int | None = None
    warm_start: bool = False
    warm_up: float = 0.25  #: share of the requests that the comparators are chosen on
    shadow_share: float = 0.0  #: share of the questions that every arm is asked
    pacing: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)  #: of calls at once: default, models
    retry: Mapping[str, Any] = field(default_factory=dict)
    breaker: Mapping[str, Any] = field(default_factory=dict)
    fallbacks: int = 1
    patience_s: float = 60.0  #: how long a request waits while every breaker is open
    ceiling: Mapping[str, Any] = field(default_factory=dict)  #: usd, tokens
    prices: Mapping[str, Any] = field(default_factory=dict)
    grader: Mapping[str, Any] = field(default_factory=dict)
    feedback_delay_s: tuple[float, float] = (0.0, 0.0)  #: uniform between these
    cache: str | None = None  #: SQLite file of responses
    dry_run: bool = False
    progress: bool = True

    def __post_init__(self) -> None:
        for key in ("backends", "arms"):
            if not getattr(self, key):
                raise ConfigError(
                    f"live.{key} is empty; a live run needs one at least: choose "
                    "+live=local, say, or see docs/backends.md"
                )
        for key in ("warm_up", "shadow_share"):
            if not 0.0 <= getattr(self, key) <= 1.0:
                raise ConfigError(f"live.{key} is {getattr(self, key)}; give a share in [0, 1]")
        if self.count is not None and self.count < 1:
            raise ConfigError(f"live.count is {self.count}; give at least 1, or null for all")
        if self.fallbacks < 0:
            raise ConfigError(f"live.fallbacks is {self.fallbacks}; give 0 or more")
        low, high = self.feedback_delay_s
        if not 0 <= low <= high:
            raise ConfigError(
                f"live.feedback_delay_s is [{low}, {high}]; give [least, most] seconds, from 0 on"
            )

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> LiveSettings:
        """Checked; UnknownNameError for a key that there is not."""
        _only(cls, section, "live")
        values = dict(section)
        if "feedback_delay_s" in values:
            delay = values["feedback_delay_s"]
            pair = (delay, delay) if isinstance(delay, int | float) else tuple(delay)
            values["feedback_delay_s"] = tuple(map(float, pair))
        return cls(**values)

    def arm_table(self) -> dict[str, Arm]:
        """The arms, each with the run's params below its own."""
        return {name: self._arm(name, dict(fields_)) for name, fields_ in self.arms.items()}

    def _arm(self, name: str, given: dict[str, Any]) -> Arm:
        known = {"backend", "model", "recipe", "context_window", "capabilities", "price_key"}
        for key in given:
            if key not in known:
                raise UnknownNameError(f"key of live.arms.{name}", key, known)
        backend = given.get("backend")
        if backend not in self.backends:
            raise UnknownNameError(f"backend in live.arms.{name}", str(backend), self.backends)
        recipe = dict(given.pop("recipe", None) or {})
        recipe["params"] = {**self.params, **(recipe.get("params") or {})}
        abilities = frozenset(given.pop("capabilities", None) or ())
        return Arm(name=name, recipe=recipe, capabilities=abilities, **given)


def log_settings(section: Mapping[str, Any] | None) -> LogSettings:
    """The `log` section, checked."""
    section = section or {}
    _only(LogSettings, section, "log")
    if section.get("durability", "process") not in ("process", "power"):
        raise ConfigError(
            f"log.durability is {section['durability']!r}; there are: process (survives kill -9) "
            "and power (survives the loss of power)"
        )
    return LogSettings(**section)


def _only(cls: type, section: Mapping[str, Any], place: str) -> None:
    known = [entry.name for entry in fields(cls)]
    for key in section:
        if key not in known:
            raise UnknownNameError("key", f"{place}.{key}", [f"{place}.{name}" for name in known])
