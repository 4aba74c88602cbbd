from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gairp.errors import ConfigError, DataError, UnknownNameError
from gairp.traces.splits import source_split, split
from gairp.traces.trace import Trace

FRACTIONS = {"train": 0.6, "validation": 0.2, "test": 0.2}


def make_trace(n: int = 1000, *, group_size: int = 1, categories: int = 4) -> Trace:
    rng = np.random.default_rng(5)
    return Trace(
        name="t",
        arms=("a",),
        prompt_ids=tuple(f"p{i:04d}" for i in range(n)),
        prompts=("",) * n,
        categories=tuple(f"c{i}" for i in rng.integers(categories, size=n)),
        score=np.zeros((n, 1)),
        quantities={},
        groups=np.arange(n) // group_size,
        splits=tuple("old" if i % 5 else "new" for i in range(n)),
    )


def test_parts_have_their_shares_and_cover_all() -> None:
    parts = split(make_trace(), 0, FRACTIONS).parts
    assert {part: len(rows) for part, rows in parts.items()} == {
        "train": 600,
        "validation": 200,
        "test": 200,
    }
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(1000))
    assert all((np.diff(rows) > 0).all() for rows in parts.values())


def test_near_duplicates_stay_on_one_side() -> None:
    trace = make_trace(group_size=7)
    parts = split(trace, 3, FRACTIONS).parts
    sides = [set(trace.groups[rows].tolist()) for rows in parts.values()]
    assert sum(map(len, sides)) == len(set().union(*sides))
    assert abs(len(parts["test"]) - 200) <= 7


def test_every_category_is_split_alike() -> None:
    trace = make_trace()
    names = np.array(trace.categories)
    for rows, share in ((split(trace, 1, FRACTIONS).parts[p], s) for p, s in FRACTIONS.items()):
        for category in set(trace.categories):
            count = (names == category).sum()
            assert abs((names[rows] == category).sum() - share * count) <= 2


def test_the_seed_decides_and_the_order_of_rows_does_not() -> None:
    trace = make_trace(group_size=3)
    one = split(trace, 0, FRACTIONS)
    order = np.random.default_rng(0).permutation(1000)
    moved = trace.take(order)
    relabelled = replace(moved, groups=1_000 - moved.groups)
    two = split(relabelled, 0, dict(reversed(FRACTIONS.items())))
    assert one.hash == two.hash
    assert set(order[two.rows("test")].tolist()) == set(one.rows("test").tolist())
    hashes = {split(trace, seed, FRACTIONS).hash for seed in range(20)}
    assert len(hashes) == 20


def test_the_seed_decides_also_where_every_category_is_one_prompt() -> None:
    trace = replace(make_trace(100), categories=tuple(f"c{i}" for i in range(100)))
    assert split(trace, 0).hash != split(trace, 1).hash
    often = sum(0 in split(trace, seed).rows("train") for seed in range(100))
    assert 45 <= often <= 75  # 60 expected, standard deviation 5


def test_a_pinned_hash() -> None:
    assert split(make_trace(50), 0).hash == (
        "8a1eac6b71b44f8a82d918e4a73021da443e69454d38cc2cb273a9318b92c53a"
    )


def test_bad_fractions() -> None:
    with pytest.raises(ConfigError, match=r"sum to 1\.1; give shares"):
        split(make_trace(), 0, {"train": 0.6, "test": 0.5})
    with pytest.raises(ConfigError, match="shares of 0 or more"):
        split(make_trace(), 0, {"train": 1.5, "test": -0.5})
    with pytest.raises(UnknownNameError, match="'dev'; there are: test, train, validation"):
        split(make_trace(), 0, {"train": 0.5, "dev": 0.5})
    with pytest.raises(DataError, match="no prompts are left for 'validation'"):
        split(make_trace(10, group_size=5), 0, FRACTIONS)
    with pytest.raises(UnknownNameError, match="'validation'"):
        split(make_trace(), 0, {"train": 0.5, "test": 0.5}).rows("validation")


def test_the_sources_own_split_drops_what_would_leak() -> None:
    trace = replace(make_trace(20), groups=np.array([0, 0, *range(2, 20)]))
    own = source_split(trace, {"train": "old", "test": "new"})
    assert own.rows("test").tolist() == [0, 5, 10, 15]
    assert 1 not in own.rows("train")  # near-duplicate of 0
    assert len(own.rows("train")) == 15
    assert own.dropped == {"test": 0, "train": 1}
    assert own.take(trace, "test").prompt_ids == ("p0000", "p0005", "p0010", "p0015")
    some = source_split(trace, {"test": ["new"]})
    assert (some.unused, list(some.parts)) == (16, ["test"])


def test_validation_can_be_taken_out_of_train() -> None:
    trace = make_trace(100)
    own = source_split(trace, {"train": "old", "test": "new"}, validation=0.25, seed=1)
    assert {p: len(r) for p, r in own.parts.items()} == {"test": 20, "train": 60, "validation": 20}
    assert not set(own.rows("train").tolist()) & set(own.rows("validation").tolist())
    other = source_split(trace, {"train": "old", "test": "new"}, validation=0.25, seed=2)
    assert own.hash != other.hash


def test_bad_source_splits() -> None:
    trace = make_trace(20)
    with pytest.raises(DataError, match="has no split of its own"):
        source_split(replace(trace, splits=None), {"train": "old"})
    with pytest.raises(UnknownNameError, match="'odd'; there are: new, old"):
        source_split(trace, {"train": "odd"})
    with pytest.raises(UnknownNameError, match="'dev'"):
        source_split(trace, {"dev": "old"})
    with pytest.raises(ConfigError, match="'old' is mapped to"):
        source_split(trace, {"train": "old", "test": ["new", "old"]})
    with pytest.raises(ConfigError, match="names a validation part already"):
        source_split(trace, {"train": "old", "validation": "new"}, validation=0.5)
    with pytest.raises(DataError, match="no prompts are left for 'train'"):
        source_split(
            replace(trace, groups=np.zeros(20, dtype=np.int64)), {"train": "old", "test": "new"}
        )
