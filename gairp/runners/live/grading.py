"""The grader of a run; one that takes a backend is given one that bills the run."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from gairp.errors import ConfigError
from gairp.rewards.graders import Grader
from gairp.routing.costing import Costing
from gairp.routing.event_log import Sink
from gairp.runners.live.billed import BilledBackend
from gairp.runners.live.stage import Stage
from gairp.types import Arm


def build_grader(config: Mapping[str, Any], stage: Stage, *, sink: Sink, run: str) -> Grader:
    """The grader of the section `live.grader`; `run` keeps call ids of resumed runs apart."""
    from hydra.utils import instantiate

    config = dict(config)
    if takes_backend(config):
        name = str(config.get("backend"))
        if name not in stage.backends:
            raise ConfigError(
                f"live.grader.backend is {name!r}; there are: {', '.join(stage.backends)}"
            )
        config["backend"] = BilledBackend(
            backend=stage.backends[name],
            ceiling=stage.ceiling,
            costing=lambda arm: _costing_of(stage.costing, arm),
            sink=sink,
            run=run,
        )
    grader: Grader = instantiate(config, _convert_="object")
    return grader


def takes_backend(config: Mapping[str, Any]) -> bool:
    """Whether this grader makes calls of its own."""
    from hydra.utils import get_class

    return "backend" in inspect.signature(get_class(config["_target_"])).parameters


def _costing_of(costing: Costing, arm: Arm) -> Costing:
    return Costing(
        arms={arm.name: arm},
        catalogue=costing.catalogue,
        as_of=costing.as_of,
        compose=costing.compose,
        needed=bool(costing.prices),
        usd_per_core_hour=costing.usd_per_core_hour,
    )
