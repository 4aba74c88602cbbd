"""From a configuration to a study's data: load, split, build features."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.features import FeatureBuilder, FeatureSpec
from gairp.records.surroundings import versions
from gairp.replay.source import Outcomes
from gairp.rewards import Utility
from gairp.runners.replay.loading import (
    Loaded,
    load_pool,
    require_costs,
    require_latencies,
    require_same_unit,
)
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.shift import shifted
from gairp.traces.content_hash import trace_hash
from gairp.traces.splits import Split, source_split, split
from gairp.traces.trace import Trace
from gairp.types import Floats

_VERSIONED = ("gairp", "numpy", "scikit-learn", "vowpal-wabbit-next", "onnxruntime")


def prepare(
    settings: Mapping[str, Any],
    features: Mapping[str, Any],
    utility: Utility,
    *,
    seed: int,
    output_factor: float = 1.0,
    learned_on: Mapping[str, Any] | None = None,
) -> Prepared:
    """Everything that the jobs of a study share; the same arguments give the same bytes."""
    return prepare_with_builder(
        settings, features, utility, seed=seed, output_factor=output_factor, learned_on=learned_on
    )[0]


def prepare_with_builder(
    settings: Mapping[str, Any],
    features: Mapping[str, Any],
    utility: Utility,
    *,
    seed: int,
    output_factor: float = 1.0,
    learned_on: Mapping[str, Any] | None = None,
) -> tuple[Prepared, FeatureBuilder]:
    """As `prepare`, with the builder that made the features.

    `settings` is the `trace` section, `features` the configuration of a feature builder, which is
    fitted on the train part alone (on validation where the source's split has no train part).
    With `learned_on` (the section `train_trace`) train and validation are those of another trace.
    """
    loaded = _loaded(settings, utility, output_factor)
    if learned_on is None:
        chosen = _split(loaded.pool.trace, settings["split"], seed)
    else:
        loaded, chosen = shifted(
            _loaded(learned_on, utility, output_factor),
            loaded,
            lambda trace: _split(trace, learned_on["split"], seed),
            lambda trace: _split(trace, settings["split"], seed),
            threshold=settings["duplicates"],
        )
    trace = loaded.pool.trace
    matrix, builder = _features(features, trace, _seen_first(chosen), seed)
    prepared = Prepared(
        trace=trace.name,
        outcomes=_outcomes(trace, matrix),
        categories=trace.categories,
        groups=trace.groups,
        parts=dict(chosen.parts),
        cost_unit=loaded.cost_unit,
        dropped=len(loaded.pool.dropped),
        notes=(*trace.notes, *_notes(chosen)),
        facts=_facts(loaded, chosen.hash),
        feature_fingerprint=builder.fingerprint(),
        feature_spec=FeatureSpec.of(builder),
    )
    return prepared, builder


def _outcomes(trace: Trace, features: Floats) -> Outcomes:
    quantities = trace.quantities
    return Outcomes(
        arms=trace.arms,
        prompt_ids=trace.prompt_ids,
        features=features,
        quality=trace.score,
        cost_usd=quantities.get("cost_usd"),
        latency_s=quantities.get("latency_s"),
        first_token_s=quantities.get("ttft_s"),
        input_tokens=quantities.get("input_tokens"),
        output_tokens=quantities.get("output_tokens"),
        signals=trace.signals,
    )


def _loaded(settings: Mapping[str, Any], utility: Utility, output_factor: float) -> Loaded:
    loaded = load_pool(settings, output_factor=output_factor)
    if utility.needs_cost:
        require_costs(loaded)
        require_same_unit(loaded, utility)
    if utility.needs_latency:
        require_latencies(loaded.pool.trace)
    return loaded


def _split(trace: Trace, settings: Mapping[str, Any], seed: int) -> Split:
    if settings["source"]:
        return source_split(trace, dict(settings["source"]), seed=seed)
    if not settings["fractions"]:
        raise ConfigError(
            "trace.split has neither fractions nor source; set trace.split.fractions="
            "{train: 0.4, validation: 0.1, test: 0.5}, say, or map the source's own split"
        )
    return split(trace, seed, dict(settings["fractions"]))


def _seen_first(chosen: Split) -> NDArray[np.int64]:
    """Rows that features may be fitted on: train, or validation where there is no train part."""
    part = "train" if "train" in chosen.parts else "validation"
    return chosen.rows(part)


def _notes(chosen: Split) -> list[str]:
    unused = [f"{chosen.unused} prompts are in no part of the split"] if chosen.unused else []
    return unused + [
        f"{count} prompts of {part} left out: near-duplicates of a later part"
        for part, count in chosen.dropped.items()
        if count
    ]


def _features(
    config: Mapping[str, Any], trace: Trace, fit_rows: NDArray[np.int64], seed: int
) -> tuple[Floats, FeatureBuilder]:
    from hydra.utils import instantiate

    from gairp.features import CachedFeatures

    builder = instantiate(dict(config), _convert_="all")
    folder = os.environ.get("GAIRP_DATA_DIR") or Path.home() / ".cache" / "gairp"
    cached = CachedFeatures(builder=builder, folder=Path(folder) / "features")
    cached.fit(
        [trace.prompts[i] for i in fit_rows],
        seed=seed,
        categories=[trace.categories[i] for i in fit_rows],
    )
    matrix = cached.transform(trace.prompts, categories=trace.categories)
    return np.ascontiguousarray(matrix, dtype=np.float64), cached


def _facts(loaded: Loaded, split_hash: str) -> dict[str, str]:
    trace = loaded.pool.trace
    facts = {"trace": trace.name, "data_hash": trace_hash(trace), "split_hash": split_hash}
    facts.update(loaded.price_facts)
    return facts | versions(_VERSIONED)
