"""What a served policy is made of, and how it is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from gairp.errors import ConfigError, GairpError
from gairp.policies.base import BasePolicy
from gairp.policies.floor import ExplorationFloor
from gairp.rewards import Utility


class PolicyRecipe(msgspec.Struct, frozen=True, kw_only=True):
    """As the head of a learner's log has it, so that `replay_log` can make the policy again."""

    policy: str
    config: Mapping[str, Any]  #: `_target_` and constructor arguments
    seed: int = 0
    utility: Mapping[str, Any] = {}
    floor: float = 0.0
    cost_weight: float | None = None

    def document(self) -> str:
        """JSON with sorted keys."""
        fields = msgspec.structs.asdict(self)
        return json.dumps(fields, sort_keys=True)

    def build(self) -> BasePolicy:
        """The policy, untrained; raises ConfigError that names it where it cannot be made.

        A policy whose state cannot be restored exactly is refused: a restart would lose what it
        has learned, without a word.
        """
        from hydra.errors import InstantiationException
        from hydra.utils import instantiate

        weights = dict(self.utility)
        if self.cost_weight is not None:
            weights["cost_weight"] = self.cost_weight
        utility = Utility(**weights)
        try:
            policy: BasePolicy = instantiate(
                dict(self.config), utility=utility, name=self.policy, _convert_="all"
            )
        except InstantiationException as error:
            if isinstance(error.__cause__, GairpError):
                raise error.__cause__ from error
            raise ConfigError(f"policies.{self.policy}: {error.__cause__ or error}") from error
        if self.floor:
            policy = ExplorationFloor(
                policy=policy, floor=self.floor, utility=utility, name=self.policy
            )
        if policy.learns and not policy.restorable:
            raise ConfigError(
                f"policies.{self.policy}: {self.config.get('_target_')} is marked "
                "restorable=False: its state cannot be kept exactly over a restart; serve another, "
                "such as gairp.policies.linucb.LinUCB"
            )
        return policy
