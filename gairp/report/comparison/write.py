"""A comparison as files: comparison.md, effects.csv, pairs.csv and the diagram."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from gairp.report.cell import fixed, p_value, plain, with_interval
from gairp.report.comparison.compared import ENOUGH_SETS, WORDS, Comparison
from gairp.report.comparison.contest import Pair
from gairp.report.comparison.figure import draw_contest
from gairp.report.grid import Grid
from gairp.report.markdown import table
from gairp.report.verdict import SEEDS_NEEDED

MARKDOWN, EFFECTS, PAIRS = "comparison.md", "effects.csv", "pairs.csv"
DIAGRAM = "critical_difference"


def write_comparison(found: Comparison, folder: Path) -> list[Path]:
    """Write the files into `folder` and return their paths. They hold no time and no run id."""
    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    pictures = draw_contest(found.contest, WORDS[found.measured], figures / DIAGRAM)
    texts = {
        MARKDOWN: "\n".join(_lines(found)) + "\n",
        EFFECTS: _csv(_effect_records(found)),
        PAIRS: pairs_csv(found.contest.pairs),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return [*(folder / name for name in texts), *pictures]


def pairs_csv(pairs: Iterable[Pair]) -> str:
    """One line a pair."""
    return _csv(_pair_record(pair) for pair in pairs)


def verdict_line(found: Comparison) -> str:
    """What is concluded, in a sentence."""
    contest = found.contest
    first, rest = contest.names[0], contest.names[1:]
    seeds = min(one.quality.shape[1] for one in found.sets)
    few = "" if seeds >= SEEDS_NEEDED else f" (no verdict: {seeds} seeds, {SEEDS_NEEDED} needed)"
    worse = [name for name in rest if _beats(contest.pair(first, name), first)]
    equal = [name for name in rest if not contest.pair(first, name).differ]
    line = f"{first} ranks first over {_count(found)} by {WORDS[found.measured]}"
    if not worse:
        return f"{line}, but is significantly better than none of the other {len(rest)}{few}."
    line += f": significantly better than {', '.join(worse)}"
    return (
        line + (f"; no significant difference to {', '.join(equal)}" if equal else "") + f"{few}."
    )


def _beats(pair: Pair, name: str) -> bool:
    return pair.differ and pair.better == name


def _count(found: Comparison) -> str:
    n = len(found.sets)
    return f"{n} data set" + ("s" if n > 1 else "")


def _lines(found: Comparison) -> Iterator[str]:
    names = ", ".join(one.name for one in found.sets)
    yield from (f"# Comparison on {names}", "", f"**{verdict_line(found)}**", "")
    yield from ("## Policies", "", table(_policy_grid(found)), "")
    yield (
        f"Effects are {WORDS[found.measured]}: means over the data sets, each with the same "
        "weight, with 95% intervals of two-way bootstraps over groups of near-duplicate prompts "
        f"and over seeds ({found.draws:,} draws from seed {found.seed}). Ranks are means over the "
        f"{len(found.block_names)} {_block_words(found)}."
    )
    yield from ("", f"![critical differences](figures/{DIAGRAM}.png)", "")
    yield from ("## Pairs", "", table(_pair_grid(found)), "")
    yield (
        f"p is two-sided, from the bootstrap, Holm-corrected over all pairs "
        f"({len(found.contest.pairs)}). A pair differs where the interval excludes 0 and p ≤ 0.05."
    )
    yield from ("", "## What it rests on", "")
    yield from _settings(found)


def _block_words(found: Comparison) -> str:
    if found.blocks == "category":
        return "categories of the data sets"
    return "seeds of the data sets' splits"


def _settings(found: Comparison) -> Iterator[str]:
    for one in found.sets:
        seeds, prompts = one.quality.shape[1:]
        splits = f"{one.splits} split" + ("s" if one.splits > 1 else "")
        arms = one.arm_quality.shape[1]
        yield f"- {one.name}: {prompts:,} prompts, {arms} arms, {splits}; seeds in all: {seeds}."
    if found.friedman is None or found.distance is None:
        yield (
            f"- Friedman's test asks for independent data sets, at least {ENOUGH_SETS}, and three "
            "policies: not computed. Seeds and splits of one trace share its prompts."
        )
    else:
        statistic, p = found.friedman
        yield (
            f"- Friedman's test in the form of Iman & Davenport: F = {plain(statistic, 2)}, "
            f"p = {p_value(p)}; by Nemenyi's test mean ranks differ from "
            f"{plain(found.distance, 2)} on."
        )


def _policy_grid(found: Comparison) -> Grid:
    contest, several = found.contest, len(found.effects) > 1
    sets = list(found.effects) if several else []
    lines = []
    for i, name in enumerate(contest.names):
        own = (with_interval(found.effects[one][name], 4, sign=True) for one in sets)
        effect = with_interval(contest.effects[i], 4, sign=True)
        lines.append((name, plain(float(contest.ranks[i]), 2), effect, *own))
    return Grid(header=("policy", "mean rank", "effect", *sets), lines=tuple(lines))


def _pair_grid(found: Comparison) -> Grid:
    return Grid(
        header=("better", "worse", "difference", "p", "verdict"),
        lines=tuple(
            (
                pair.better,
                pair.worse,
                with_interval(pair.difference, 4, sign=True),
                p_value(pair.p_value),
                "differ" if pair.differ else "no significant difference",
            )
            for pair in found.contest.pairs
        ),
    )


def _effect_records(found: Comparison) -> Iterator[dict[str, str]]:
    contest = found.contest
    for i, name in enumerate(contest.names):
        everywhere = {"all": contest.effects[i]}
        for where, effect in {
            **everywhere,
            **{d: e[name] for d, e in found.effects.items()},
        }.items():
            yield {
                "policy": name,
                "data_set": where,
                "effect": fixed(effect.point),
                "effect_low": fixed(effect.low),
                "effect_high": fixed(effect.high),
                "mean_rank": fixed(float(contest.ranks[i])) if where == "all" else "—",
            }


def _pair_record(pair: Pair) -> dict[str, str]:
    return {
        "better": pair.better,
        "worse": pair.worse,
        "difference": fixed(pair.difference.point),
        "difference_low": fixed(pair.difference.low),
        "difference_high": fixed(pair.difference.high),
        "p_value": fixed(pair.p_value),
        "differ": str(pair.differ).lower(),
    }


def _csv(records: Iterable[dict[str, str]]) -> str:
    rows = list(records)
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
