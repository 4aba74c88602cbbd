"""Train, validation and test rows of a trace; near-duplicates stay on one side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from gairp.errors import ConfigError, DataError, UnknownNameError
from gairp.traces.table import Ints
from gairp.traces.trace import Trace

#: In the order of claim: a group that two parts of a source share belongs to the first.
PARTS = ("test", "validation", "train")
DEFAULT_FRACTIONS: Mapping[str, float] = {"train": 0.6, "validation": 0.2, "test": 0.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Rows of a trace, by part."""

    parts: Mapping[str, Ints]  #: part -> rows, ascending
    hash: str  #: sha256 of the prompt ids of each part, whatever the order of rows
    dropped: Mapping[str, int]  #: part -> rows left out because a later part has their duplicate
    unused: int = 0  #: rows whose own split no part takes

    def rows(self, part: str) -> Ints:
        """The rows of a part. Raises UnknownNameError for a part that the split lacks."""
        if part not in self.parts:
            raise UnknownNameError("part of the split", part, self.parts)
        return self.parts[part]

    def take(self, trace: Trace, part: str) -> Trace:
        """The trace of a part."""
        return trace.take(self.rows(part))


def split(trace: Trace, seed: int, fractions: Mapping[str, float] = DEFAULT_FRACTIONS) -> Split:
    """A random split into parts of these shares, by near-duplicate group, category by category.

    It depends on the seed, the prompt ids, their groups and categories, but not on the order of
    rows. A part's size is within one group of its share. Raises ConfigError for shares that do
    not sum to 1, DataError where a part of positive share would be empty.
    """
    _check_fractions(fractions)
    shares = {part: fractions[part] for part in PARTS if part in fractions}
    labels = _assigned(trace, np.arange(len(trace)), seed, shares)
    parts = {part: np.flatnonzero(labels == i) for i, part in enumerate(shares)}
    for part, share in shares.items():
        if share > 0 and not len(parts[part]):
            raise DataError(
                f"trace {trace.name!r}: no prompts are left for {part!r} ({share:g} of "
                f"{len(trace)} prompts in {len(set(trace.groups.tolist()))} groups of "
                "near-duplicates); take fewer parts or a larger trace"
            )
    return Split(parts=parts, hash=_hash(trace, parts), dropped={})


def source_split(
    trace: Trace,
    mapping: Mapping[str, str | Sequence[str]],
    *,
    validation: float = 0.0,
    seed: int = 0,
) -> Split:
    """The source's own split: part -> the source's name, or names, of it.

    Prompts of train (or validation) that have a near-duplicate in test (or validation) are
    dropped and counted. `validation` > 0 takes this share of train, by group, as the part
    "validation". Raises DataError where the trace has no split of its own, UnknownNameError for a
    part or a name that does not exist, ConfigError for a share outside [0, 1).
    """
    if not 0 <= validation < 1 or (validation and "validation" in mapping):
        raise ConfigError(
            f"validation = {validation}; give a share of train in [0, 1), and none where the "
            "mapping names a validation part already"
        )
    named = _source_rows(trace, mapping)
    claimed: set[int] = set()
    parts, dropped = {}, {}
    for part in PARTS:
        if part in named:
            groups = trace.groups[named[part]].tolist()
            free = np.array([group not in claimed for group in groups], dtype=np.bool_)
            parts[part], dropped[part] = named[part][free], int((~free).sum())
            claimed.update(groups)
    if validation and "train" in parts:
        shares = {"train": 1 - validation, "validation": validation}
        labels = _assigned(trace, parts["train"], seed, shares)
        parts["train"], parts["validation"] = (parts["train"][labels == i] for i in (0, 1))
    for part, rows in parts.items():
        if not len(rows):
            raise DataError(f"trace {trace.name!r}: no prompts are left for {part!r}; map another")
    unused = len(trace) - sum(map(len, named.values()))
    return Split(parts=parts, hash=_hash(trace, parts), dropped=dropped, unused=unused)


def _check_fractions(fractions: Mapping[str, float]) -> None:
    for part in fractions:
        if part not in PARTS:
            raise UnknownNameError("part of a split", part, PARTS)
    total = sum(fractions.values())
    if abs(total - 1) > 1e-9 or min(fractions.values()) < 0:
        raise ConfigError(
            f"the shares of the split are {dict(fractions)} and sum to {total:g}; "
            "give shares of 0 or more that sum to 1"
        )


def _source_rows(trace: Trace, mapping: Mapping[str, str | Sequence[str]]) -> dict[str, Ints]:
    if trace.splits is None:
        raise DataError(
            f"trace {trace.name!r} has no split of its own; map a column to the field 'split' "
            "(columns.split), or split at random"
        )
    rows: dict[str, Ints] = {}
    taken: dict[str, str] = {}
    for part, wish in mapping.items():
        if part not in PARTS:
            raise UnknownNameError("part of a split", part, PARTS)
        for name in [wish] if isinstance(wish, str) else wish:
            if name not in trace.splits:
                known = {own for own in trace.splits if own}
                raise UnknownNameError(f"split of trace {trace.name!r}", name, known)
            if name in taken:
                raise ConfigError(f"split {name!r} is mapped to {taken[name]!r} and to {part!r}")
            taken[name] = part
    for part in mapping:
        mine = [taken.get(own) == part for own in trace.splits]
        rows[part] = np.flatnonzero(mine).astype(np.int64)
    return rows


def _assigned(trace: Trace, rows: Ints, seed: int, shares: Mapping[str, float]) -> Ints:
    """For each of `rows` the index of its part.

    Groups stand in a canonical order (category, then smallest prompt id). Categories are
    shuffled, groups are shuffled within theirs, and go one by one to the part that is furthest
    below its share so far; as that balance runs through all categories, the totals are right too.
    """
    members: dict[int, list[int]] = {}
    for place, row in enumerate(rows.tolist()):
        members.setdefault(int(trace.groups[row]), []).append(place)
    firsts = {
        group: min((trace.prompt_ids[rows[p]], trace.categories[rows[p]]) for p in places)
        for group, places in members.items()
    }
    strata: dict[str, list[int]] = {}
    for group in sorted(firsts, key=firsts.__getitem__):
        strata.setdefault(firsts[group][1], []).append(group)
    rng = np.random.default_rng(seed)
    wanted = np.array(list(shares.values()), dtype=np.float64)
    given = np.zeros(len(wanted))
    labels = np.empty(len(rows), dtype=np.int64)
    for category in rng.permutation(sorted(strata)).tolist():
        for group in rng.permutation(strata[category]).tolist():
            size = len(members[group])
            part = int(np.argmax(wanted * (given.sum() + size) - given))
            given[part] += size
            labels[members[group]] = part
    return labels


def _hash(trace: Trace, parts: Mapping[str, Ints]) -> str:
    digest = sha256()
    for part in sorted(parts):
        ids = sorted(trace.prompt_ids[row] for row in parts[part])
        for text in (part, str(len(ids)), *ids):
            data = text.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()
