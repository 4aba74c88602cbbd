"""A registered router as MLflow loads it: rows of features in, a column an arm out.

`mlflow.pyfunc.load_model("models:/NAME@ALIAS").predict(x)` calls this module by its name; nothing
is unpickled.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gairp.policies.base import BasePolicy
from gairp.policies.floor import ExplorationFloor
from gairp.policies.learned.router import LearnedRouter
from gairp.policies.wrapper import bare
from gairp.rewards import Utility
from gairp.types import Floats

if TYPE_CHECKING:
    import pandas as pd


class PredictedQuality:
    """What the router predicts of each arm: quality, or utility where that is what it learned."""

    def __init__(self, router: LearnedRouter) -> None:
        self.router = router

    def predict(self, x: Floats, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """x [n, d] -> n rows, one column an arm."""
        import pandas as pd

        values = self.router.estimates(np.asarray(x, dtype=np.float64))
        return pd.DataFrame(values, columns=list(self.router.arms))


def _load_pyfunc(path: str) -> PredictedQuality:
    """Of the document at `path`."""
    from hydra.utils import instantiate

    document = json.loads(Path(path).read_text(encoding="utf-8"))
    config, floor = document["config"], document["floor"]
    policy: BasePolicy = instantiate(
        config, utility=Utility(**document["utility"]), _convert_="all"
    )
    if floor:
        policy = ExplorationFloor(policy=policy, floor=floor)
    policy.load(base64.b64decode(document["state"]))
    router = bare(policy)
    assert isinstance(router, LearnedRouter)
    return PredictedQuality(router)
