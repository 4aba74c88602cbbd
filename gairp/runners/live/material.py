"""What is served, and what policies may know beforehand: questions, features, recorded outcomes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError, DataError
from gairp.features import CachedFeatures, FeatureSpec
from gairp.rewards import Utility
from gairp.runners.live.question import LiveQuestion
from gairp.runners.live.questions import Examples, read_questions
from gairp.runners.live.settings import LiveSettings
from gairp.runners.replay.loading import files_of
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.preparing import prepare
from gairp.traces.duplicates import duplicate_groups
from gairp.types import Floats


@dataclass(frozen=True, slots=True)
class Material:
    """`questions` in the order of service, with the rows of their feature matrices."""

    questions: tuple[LiveQuestion, ...]  #: n
    features: Floats  #: [n, d]
    more_features: Mapping[str, Floats]  #: of `log.features`: name -> [n, d']
    fingerprints: Mapping[str, str]  #: of the builders, by name; "" names the policies' own
    groups: NDArray[np.int64]  #: [n], equal for near-duplicates
    prepared: Prepared | None  #: recorded outcomes for a warm start
    feature_spec: FeatureSpec | None = None  #: of the policies' own builder


def load_material(
    settings: Mapping[str, Any],
    live: LiveSettings,
    utility: Utility,
    more: Mapping[str, Any],
    *,
    seed: int,
) -> Material:
    """Read the questions, choose those to serve, build features fitted on the others.

    `settings` is the whole configuration, `more` the builders of `log.features`.
    """
    trace = settings["trace"]
    prepared = _recorded(settings, live, utility, seed) if live.warm_start else None
    questions = read_questions(question_table(trace), examples=build_examples(live.examples))
    served, others = _choose(questions, prepared, live, seed)
    served = [msgspec.structs.replace(q, row=i) for i, q in enumerate(served)]
    built = {
        name: _features(config, served, others, seed)
        for name, config in {"": settings["features"], **more}.items()
    }
    return Material(
        questions=tuple(served),
        features=built[""][0],
        more_features={name: matrix for name, (matrix, _) in built.items() if name},
        fingerprints={name: spec.fingerprint for name, (_, spec) in built.items()},
        feature_spec=built[""][1],
        groups=duplicate_groups([q.text for q in served], threshold=trace["duplicates"]),
        prepared=prepared,
    )


def question_table(trace: Mapping[str, Any]) -> Path:
    """The table of questions that the section `trace` names."""
    if trace["dataset"] is None and trace["prompts"] is not None:
        return Path(trace["prompts"])
    prompts = files_of(trace)[1]
    if prompts is None:
        raise ConfigError(
            "trace.prompts is not set: a live run asks the questions of a table (prompt_id, "
            "prompt, answer, grader); name one"
        )
    return prompts


def build_examples(config: Mapping[str, Any] | None) -> Examples | None:
    """The worked examples that the section `live.examples` names."""
    from hydra.utils import instantiate

    made: Examples | None = None if config is None else instantiate(dict(config))
    return made


def _recorded(
    settings: Mapping[str, Any], live: LiveSettings, utility: Utility, seed: int
) -> Prepared:
    """The recorded outcomes of the same arms."""
    trace = {**settings["trace"], "arms": list(live.arms)}
    return prepare(trace, settings["features"], utility, seed=seed)


def _choose(
    questions: Sequence[LiveQuestion],
    prepared: Prepared | None,
    live: LiveSettings,
    seed: int,
) -> tuple[list[LiveQuestion], list[LiveQuestion]]:
    """Those to serve, in an order of the seed's choosing, and those to fit features on."""
    if prepared is not None:
        ids = prepared.outcomes.prompt_ids
        report = {ids[i] for i in prepared.rows(live.part)}
        train = {ids[i] for i in prepared.rows("train")}
        servable = [q for q in questions if q.id in report]
        others = [q for q in questions if q.id in train]
    else:
        servable, others = list(questions), []
    order = np.random.default_rng([seed, 4]).permutation(len(servable))
    count = len(servable) if live.count is None else live.count
    if count > len(servable):
        raise ConfigError(
            f"live.count is {count}, but there are {len(servable)} questions"
            + (f" in part {live.part!r}" if prepared is not None else "")
        )
    if not servable:
        raise DataError("there is no question to serve: the table is empty")
    served = [servable[i] for i in order[:count]]
    rest = [servable[i] for i in order[count:]]
    return served, others or rest or served


def _features(
    config: Mapping[str, Any],
    served: Sequence[LiveQuestion],
    fit_on: Sequence[LiveQuestion],
    seed: int,
) -> tuple[Floats, FeatureSpec]:
    from hydra.utils import instantiate

    folder = os.environ.get("GAIRP_DATA_DIR") or Path.home() / ".cache" / "gairp"
    builder = CachedFeatures(
        builder=instantiate(dict(config), _convert_="all"), folder=Path(folder) / "features"
    )
    builder.fit([q.text for q in fit_on], seed=seed, categories=[q.category for q in fit_on])
    matrix = builder.transform([q.text for q in served], categories=[q.category for q in served])
    # A copy: a cached matrix is a file that would be read bit by bit while requests wait.
    return np.array(matrix, dtype=np.float64, order="C"), FeatureSpec.of(builder)
