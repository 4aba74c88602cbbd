"""Two traces as one: what is learned on the first is asked on the second (domain shift)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import numpy as np

from gairp.errors import ConfigError
from gairp.runners.replay.loading import Loaded
from gairp.traces.duplicates import duplicate_groups
from gairp.traces.splits import Split
from gairp.traces.trace import Trace

#: The part of the split that holds the train prompts of the trace that is reported.
TARGET = "target"
Splitter = Callable[[Trace], Split]


def shifted(
    source: Loaded, target: Loaded, split_source: Splitter, split_target: Splitter, *,
    threshold: float,
) -> tuple[Loaded, Split]:  # fmt: skip
    """The prompts of both traces, on the arms that both have.

    train and validation are the source's, test is the target's, and `target` its train prompts,
    for routers that learn at home. Each trace is split as it would be alone, so that a study of
    the target reports the same prompts. Source prompts with a near-duplicate (`threshold`) in
    test are left out and counted. Raises ConfigError where fewer than two arms are shared, or
    costs are in different units.
    """
    one, other = source.pool.trace, target.pool.trace
    arms = [arm for arm in other.arms if arm in one.arms]
    if len(arms) < 2:
        raise ConfigError(
            f"train_trace: {one.name!r} has {', '.join(one.arms)} and {other.name!r} has "
            f"{', '.join(other.arms)}: they share {len(arms)} arms; take two traces that share two"
        )
    if source.cost_unit != target.cost_unit:
        raise ConfigError(
            f"train_trace: costs are in {source.cost_unit} of {one.name!r} and in "
            f"{target.cost_unit} of {other.name!r}; set trace.cost and train_trace.cost alike"
        )
    before, after = split_source(one), split_target(other)
    joined = _joined(one.pool(arms), other.pool(arms), threshold)
    chosen = _parts(joined, len(one), before, after)
    facts = {**source.price_facts, **target.price_facts, "train_trace": one.name}
    pool = replace(
        target.pool,
        trace=joined,
        total=source.pool.total + target.pool.total,
        dropped=np.concatenate([source.pool.dropped, target.pool.dropped]),
    )
    return replace(target, pool=pool, price_facts=facts), chosen


def _joined(one: Trace, other: Trace, threshold: float) -> Trace:
    """The rows of one, then those of the other; a quantity that either lacks is absent."""
    texts = (*one.prompts, *other.prompts)
    return replace(
        other,
        prompt_ids=(*(f"{one.name}/{i}" for i in one.prompt_ids), *other.prompt_ids),
        prompts=texts,
        categories=(*one.categories, *other.categories),
        score=np.concatenate([one.score, other.score]),
        quantities={
            name: np.concatenate([one.quantities[name], table])
            for name, table in other.quantities.items()
            if name in one.quantities
        },
        groups=duplicate_groups(texts, threshold=threshold),
        splits=None,
        signals={},
        notes=tuple(dict.fromkeys((*one.notes, *other.notes))),
    )


def _parts(joined: Trace, offset: int, before: Split, after: Split) -> Split:
    test = after.rows("test") + offset
    asked = joined.groups[test]
    parts, dropped = {"test": test}, {}
    own = {"train": before.rows("train"), "validation": before.parts.get("validation")}
    for part, rows in own.items():
        if rows is not None:
            free = ~np.isin(joined.groups[rows], asked)
            parts[part], dropped[part] = rows[free], int((~free).sum())
    if "train" in after.parts:
        at_home = after.rows("train") + offset
        parts[TARGET] = at_home[~np.isin(joined.groups[at_home], asked)]
    digest = sha256(f"{before.hash} {after.hash}".encode()).hexdigest()
    return Split(parts=parts, hash=digest, dropped=dropped)
