"""What a policy was trained for, and whether that is what it is given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from gairp.errors import ConfigError
from gairp.features import FeatureSpec
from gairp.policies.base import BasePolicy
from gairp.policies.wrapper import bare


class TrainedFor(msgspec.Struct, frozen=True, kw_only=True):
    """Kept beside a trained policy; what is None was not said, and is not checked."""

    arms: tuple[str, ...] | None = None
    features: FeatureSpec | None = None
    utility: Mapping[str, Any] | None = None  #: where what was learned hangs on it

    def check_arms(self, who: str, arms: Collection[str], *, subset: bool = False) -> None:
        """Raise ConfigError where the arms are others; with `subset` some may be absent."""
        if self.arms is None:
            return
        unknown = [arm for arm in arms if arm not in self.arms]
        absent = [arm for arm in self.arms if arm not in arms]
        if unknown or (absent and not subset):
            raise ConfigError(
                f"{who} was trained for the arms {_listed(self.arms)}; here they are "
                f"{_listed(arms)} (never trained: {_listed(unknown)}; not here: "
                f"{_listed(absent)}); give it those arms, train one on these (+experiment=train)"
                + ("" if unknown else ", or set subset: true beside its uri to do without some")
            )

    def check_features(self, who: str, given: FeatureSpec | None, remedy: str) -> None:
        """Raise ConfigError that says in what the features differ."""
        if self.features is None or given is None:
            return
        found = self.features.difference(given)
        if found is not None:
            raise ConfigError(
                f"{who} was trained on the features {self.features} and is given {given}: {found}; "
                f"{remedy}"
            )

    def check_utility(self, who: str, utility: Mapping[str, Any]) -> None:
        """Raise ConfigError where the policy has learned another utility than is asked for."""
        if self.utility is not None and dict(self.utility) != dict(utility):
            changed = {
                key: (self.utility.get(key), utility.get(key))
                for key in sorted({*self.utility, *utility})
                if self.utility.get(key) != utility.get(key)
            }
            raise ConfigError(
                f"{who} has learned another utility (trained, here): {changed}; set `utility` to "
                "what it was trained on, or train a router that predicts quality, whose costs and "
                "weights may change"
            )


def learned_utility(policy: BasePolicy) -> bool:
    """Whether what a policy learns hangs on the weights of its utility."""
    return getattr(bare(policy), "predict", "utility") != "quality"


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"
