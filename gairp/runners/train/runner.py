"""What `gairp.run` starts for `+experiment=train`: fit, measure, register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy
from gairp.policies.learned.router import LearnedRouter
from gairp.policies.wrapper import bare
from gairp.protocols import Trainable
from gairp.rewards import Utility
from gairp.runners.configured import configured
from gairp.runners.publish import flat
from gairp.runners.registered import with_registered
from gairp.runners.replay.job import Job, Protocol, build_policy
from gairp.runners.replay.key import git_commit
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.preparing import prepare_with_builder
from gairp.runners.replay.settings import checked, seeds_of
from gairp.runners.train.document import trained_document
from gairp.runners.train.measured import measured

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from gairp.tracking.flavour import Flavour

_LOADER = "gairp.runners.train.model"


class TrainRunner:
    """Trains one policy and makes it a version of a registered model."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        model: str = "router",
        alias: str | None = None,
        measure: str = "validation",
    ) -> None:
        """`settings` is the whole configuration, with one policy, one seed.

        model: the name that it is registered under; alias: what to point at it, where anything;
        measure: the part of the split that its figures are from.
        """
        self.settings = checked(settings)
        self.model, self.alias, self.measure = model, alias, measure
        if len(self.settings["policies"]) != 1:
            names = ", ".join(self.settings["policies"]) or "none"
            raise ConfigError(f"policy: one is trained at a time, and here are: {names}")
        seeds = seeds_of(settings["seed"])
        if len(seeds) != 1:
            raise ConfigError(f"seed: a policy is trained on one seed, and here are {seeds}")
        self.seed = seeds[0]
        self.protocol = Protocol(**settings["protocol"])

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration."""
        settings, given = configured(config)
        return cls(settings, **given)

    def run(self) -> str:
        """Train, register, and move the alias; the version's address."""
        from gairp.tracking.registry import PolicyRegistry

        utility = Utility(**self.settings["utility"])
        # Features may be those of an earlier model.
        self.settings, _ = with_registered(self.settings)
        prepared, builder = prepare_with_builder(
            self.settings["trace"],
            self.settings["features"],
            utility,
            seed=self.settings["study_seed"],
        )
        job = self._job()
        policy = self._trained(job, prepared)
        figures = self._figures(policy, prepared, utility)
        document = trained_document(
            job,
            policy,
            arms=prepared.arms,
            builder=builder,
            features=_own(self.settings["features"]),
            facts={**prepared.facts, "git_commit": git_commit()},
        )
        registry = PolicyRegistry(self.settings["tracking"]["uri"])
        version = registry.register(
            self.model,
            document,
            params={**flat(job.config), "seed": self.seed, "utility": document["utility"],
                    "features": document["features"][""], **document["facts"]},
            metrics=figures,
            tags={"gairp.kind": "trained_policy", "gairp.policy": job.policy,
                  "gairp.trace": prepared.trace},
            flavour=_flavour(policy, document),
        )  # fmt: skip
        if self.alias is not None:
            registry.set_alias(self.model, self.alias, version)
        return self._said(job.policy, version, figures, prepared)

    def _job(self) -> Job:
        ((name, config),) = self.settings["policies"].items()
        return Job(
            policy=name,
            config=config,
            seed=self.seed,
            utility=self.settings["utility"],
            protocol=self.protocol,
            floor=self.settings["floor"],
        )

    def _trained(self, job: Job, prepared: Prepared) -> BasePolicy:
        """Fitted as a study would fit it: the same rows, the same generator."""
        policy = build_policy(job)
        if not isinstance(policy, Trainable):
            raise ConfigError(
                f"policies.{job.policy}: {job.config.get('_target_')} does not fit on recorded "
                "outcomes; choose one that does, such as policy=logistic"
            )
        policy.fit(prepared.training_set(self.protocol.fit), np.random.default_rng([self.seed, 2]))
        return policy

    def _figures(
        self, policy: BasePolicy, prepared: Prepared, utility: Utility
    ) -> dict[str, float]:
        if self.measure not in prepared.parts or self.measure == self.protocol.fit:
            return {}
        return measured(policy, prepared, self.measure, utility)

    def _said(
        self, name: str, version: str, figures: Mapping[str, float], prepared: Prepared
    ) -> str:
        uri = f"models:/{self.model}/{version}"
        rows = len(prepared.rows(self.protocol.fit))
        print(f"{name}: fitted on {rows} prompts of {prepared.trace} and {len(prepared.arms)} arms")
        if "brier_before" in figures:
            print(
                f"on {self.measure}: Brier score {figures['brier_before']:.4f} before calibration "
                f"and {figures['brier_after']:.4f} after, expected calibration error "
                f"{figures['ece_before']:.4f} and {figures['ece_after']:.4f}"
            )
        if "quality" in figures:
            cost = figures.get("cost_usd_per_1k")
            paid = "" if cost is None else f" at {cost:.4g} USD per 1,000 requests"
            print(f"on {self.measure}: quality {figures['quality']:.4f}{paid}")
        alias = "" if self.alias is None else f", to which {self.model}@{self.alias} now points"
        print(f"registered {uri}{alias}")
        print(f"use it: policy=registered policies.registered.uri={uri}")
        return uri


def _own(features: Mapping[str, Any]) -> Mapping[str, Any]:
    """The builder's configuration without the file that its state came from."""
    return features["builder"] if "file" in features else features


def _flavour(policy: BasePolicy, document: Mapping[str, Any]) -> Flavour | None:
    """A model to MLflow where the policy predicts; other policies are documents alone."""
    from gairp.tracking.flavour import Flavour

    policy = bare(policy)
    if not isinstance(policy, LearnedRouter):
        return None
    metadata = {
        "trained_for": document["trained_for"],
        "predicts": policy.predict,
        "policy": document["config"],
    }
    return Flavour(_LOADER, policy.width, policy.arms, metadata)
