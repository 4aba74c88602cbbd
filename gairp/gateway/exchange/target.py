"""What a client's `model` stands for: a learner and the arms that it chooses among."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from gairp.errors import ConfigError
from gairp.gateway.errors import ApiError
from gairp.gateway.exchange.split import Split
from gairp.types import Arm

POLICY_PREFIX = "gairp/"
#: The learner that chooses uniformly among the arms of one model; with one arm, there is no choice.
DIRECT = "direct"


class Shadow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A challenger that gets a copy of the request, and whose answer nobody waits for."""

    target: Target
    share: float = 1.0
    usd_per_day: float = 1.0
    rule: str = ""


class Target(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a request goes; what a rule adds to it is beside."""

    learner: str
    arms: tuple[str, ...] | None = None  #: None: all of the learner's
    rule: str = ""  #: the name of the rule that matched
    fallbacks: tuple[Target, ...] = ()  #: asked in turn where no arm of this one is left or answers
    deadline_s: float | None = None
    hedge_s: float | None = None  #: without an answer by then another arm is asked as well
    shadows: tuple[Shadow, ...] = ()
    affinity: str | None = None  #: what keeps to its first arm: a session, say
    split: Split | None = None  #: the branches that were drawn among


class Catalogue:
    """The names that clients may give, and what each stands for."""

    def __init__(
        self,
        *,
        arms: Mapping[str, Arm],
        policies: Sequence[str],
        aliases: Mapping[str, str | Sequence[str]] | None = None,
    ) -> None:
        """`aliases` maps a name to an arm, a model, a policy, or several arms.

        Raises ConfigError for an alias that leads nowhere.
        """
        self._targets: dict[str, Target] = {}
        for name in policies:
            self._targets[POLICY_PREFIX + name] = Target(learner=name)
        models: dict[str, list[str]] = {}
        for name, arm in arms.items():
            models.setdefault(arm.model, []).append(name)
            self._targets[name] = Target(learner=DIRECT, arms=(name,))
        for model, names in models.items():
            self._targets.setdefault(model, Target(learner=DIRECT, arms=tuple(names)))
        for alias, what in (aliases or {}).items():
            self._targets[alias] = self._alias(alias, what)

    @property
    def names(self) -> list[str]:
        """All of them, sorted."""
        return sorted(self._targets)

    def find(self, name: str) -> Target:
        """Raises ApiError 404, as OpenAI does, for a name that stands for nothing."""
        target = self._targets.get(name)
        if target is None:
            raise unknown_model(name)
        return target

    def _alias(self, alias: str, what: str | Sequence[str]) -> Target:
        names = [what] if isinstance(what, str) else list(what)
        for name in names:
            if name not in self._targets:
                raise ConfigError(
                    f"aliases.{alias}: {name!r} is neither an arm, a model nor a policy; there "
                    f"are: {', '.join(self.names)}"
                )
        if len(names) == 1:
            return self._targets[names[0]]
        arms = [arm for name in names for arm in self._targets[name].arms or ()]
        if not arms:
            raise ConfigError(f"aliases.{alias}: several names must all be arms or models")
        return Target(learner=DIRECT, arms=tuple(dict.fromkeys(arms)))


def unknown_model(name: str) -> ApiError:
    """The error that OpenAI's clients know as NotFoundError."""
    shown = name[:100]
    return ApiError(
        404,
        f"The model {shown!r} does not exist or you do not have access to it; GET /v1/models lists "
        "those that do",
        code="model_not_found",
        param="model",
    )
