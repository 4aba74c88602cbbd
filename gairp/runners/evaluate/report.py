"""An evaluation as Markdown for people and JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gairp.ope.bootstrap import percentiles
from gairp.ope.evaluation import Ends, Evaluation
from gairp.ope.gate import Claim
from gairp.ope.refusal import Refusal
from gairp.report.cell import percent, plain, signed
from gairp.runners.evaluate.judged import Challenged, Judged

NOTE = (
    "Intervals miss with probability alpha: bootstrap by unit; “any n” is empirical "
    "Bernstein, “any time” a confidence sequence, both around IPS. Estimators marked * are biased "
    "on purpose: their intervals do not cover the value but what they estimate."
)


def verdict_line(judged: Judged) -> str:
    """The last line: what to do and why."""
    best = judged.best
    if len(judged.challenged) == 1:
        return f"{best.verdict.answer}: {best.name} against {judged.champion}; {_why(best)}"
    others = [f"{it.name}: {it.verdict.answer}" for it in judged.challenged if it.name != best.name]
    return (
        f"{best.verdict.answer}: {best.name} against {judged.champion}; {_why(best)} "
        f"({'; '.join(others)})"
    )


def markdown(judged: Judged) -> str:
    """The whole report."""
    return "\n".join(_lines(judged)) + "\n"


def write(judged: Judged, out: Path) -> Path:
    """evaluation.md and verdict.json; the former's path."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "verdict.json").write_text(
        json.dumps(document(judged), indent=1) + "\n", encoding="utf-8"
    )
    path = out / "evaluation.md"
    path.write_text(markdown(judged), encoding="utf-8")
    return path


def write_early(reason: str, out: Path) -> str:
    """The same files where there is nothing to evaluate yet; the last line."""
    line = f"not enough data: {reason}"
    out.mkdir(parents=True, exist_ok=True)
    told = {"verdict": "not enough data", "line": line, "rows": 0}
    (out / "verdict.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    text = f"# Off-policy evaluation\n\n**{line}**\n"
    (out / "evaluation.md").write_text(text, encoding="utf-8")
    return line


def document(judged: Judged) -> dict[str, Any]:
    """The same for programs; a figure that is refused or unknown is null."""
    return {
        "verdict": judged.best.verdict.answer,
        "champion": judged.champion,
        "challenger": judged.best.name,
        "line": verdict_line(judged),
        "rows": len(judged.rows),
        "arms": judged.rows.arms,
        "challengers": {
            it.name: {
                "verdict": it.verdict.answer,
                "row": it.verdict.row,
                "reasons": it.verdict.reasons,
                "claims": [asdict(claim) for claim in (*it.verdict.needed, *it.verdict.against)],
                **_figures(it.evaluation),
                "slices": [_known(asdict(one)) for one in it.slices],
            }
            for it in judged.challenged
        },
        "champion_evaluation": _figures(judged.champion_evaluation),
        "ranking": [asdict(one) for one in judged.ranking],
    }


def _figures(found: Evaluation | Refusal) -> dict[str, Any]:
    diagnosis = _known(asdict(found.diagnosis))
    if isinstance(found, Refusal):
        return {"refused": found.reasons, "diagnosis": diagnosis, "estimates": {}}
    return {
        "refused": (),
        "diagnosis": diagnosis,
        "estimates": {
            one.name: {"value": one.value, "low": one.low, "high": one.high}
            for one in found.estimates
        },
        "bernstein": found.bernstein,
        "sequence": found.sequence,
    }


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    def known(value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return tuple(known(one) for one in value) if isinstance(value, tuple) else value

    return {key: known(value) for key, value in fields.items()}


def _lines(judged: Judged) -> Iterator[str]:
    rows = judged.rows
    yield from ("# Off-policy evaluation", "", f"**{verdict_line(judged)}**", "")
    yield (
        f"{len(rows):,} first decisions among {len(rows.arms)} arms; left out: {rows.carried:,} "
        f"later turns of sticky sessions, {rows.young:,} too recent for their feedback."
    )
    for it in judged.challenged:
        yield from ("", f"## {it.name} against {judged.champion}", "")
        yield from _challenged(it, judged)
    if len(judged.ranking) > 1:
        yield from ("", "## Ranking", "", *_ranking(judged))
    yield from ("", NOTE)


def _challenged(it: Challenged, judged: Judged) -> Iterator[str]:
    yield f"{it.verdict.answer}: {_why(it)}"
    claims = (*it.verdict.needed, *it.verdict.against)
    bar = len(judged.challenged) / judged.alpha
    if claims:
        yield from (
            "",
            f"| claim | evidence (enough: {bar:.3g}) | shown at row |",
            "| :-- | --: | --: |",
        )
        yield from (_claim(claim) for claim in claims)
    yield from ("", *_diagnosis(it.evaluation, judged.rows.arms))
    if isinstance(it.evaluation, Evaluation):
        yield from ("", *_estimates(it.evaluation, judged.champion_evaluation, judged.alpha))
    if it.slices:
        yield from ("", *_slices(it))


def _claim(claim: Claim) -> str:
    size = claim.log_evidence / math.log(10)
    times = f"{10**size:.3g}" if size < 6 else f"10^{size:.0f}"
    return f"| {claim.text} | {times} | {claim.row or '—'} |"


def _diagnosis(found: Evaluation | Refusal, arms: Sequence[str]) -> Iterator[str]:
    it = found.diagnosis
    yield from ("| diagnostic | |", "| :-- | --: |")
    yield f"| effective sample size | {it.ess:,.0f} of {it.rows:,} ({percent(it.ess / it.rows)}) |"
    yield f"| units that were assigned | {it.clusters:,} |"
    yield f"| largest weight | {it.max_weight:.3g} ({percent(it.max_weight_share, 1)} of all) |"
    yield f"| largest 1% of the weights | {percent(it.top_share, 1)} of all |"
    yield f"| mean weight (1 is right) | {plain(it.mean_weight)} ± {plain(it.mean_weight_error)} |"
    never = ", ".join(arms[i] for i in it.never_tried) or "none"
    yield f"| wanted arms that were never tried | {never} ({percent(it.unsupported, 1)}) |"
    yield f"| decided by another version than the last | {percent(it.stale, 1)} |"
    yield f"| rewards missing | {percent(it.missing, 1)} |"
    by_arm = zip(arms, it.missing_by_arm, strict=True)
    if it.missing > 0:
        shares = ", ".join(f"{arm} {percent(share, 1)}" for arm, share in by_arm)
        yield f"| by arm | {shares} |"
        yield f"| value if all missing were worst / best | {_ends(it.worst_case)} |"


def _estimates(found: Evaluation, champion: Evaluation | Refusal, alpha: float) -> Iterator[str]:
    yield from (
        "| estimator | value | interval | gain | interval |",
        "| :-- | --: | --: | --: | --: |",
    )
    for one in found.estimates:
        mark = "" if one.consistent else "*"
        cells = [f"{one.name}{mark}", plain(one.value), _ends((one.low, one.high)), "—", "—"]
        if isinstance(champion, Evaluation):
            other = champion[one.name]
            # Both were drawn with one generator's state: the same rows in the same draw.
            low, high = percentiles(one.draws - other.draws, alpha=alpha).tolist()
            cells[3:] = [signed(one.value - other.value), _ends((low, high))]
        yield "| " + " | ".join(cells) + " |"
    for text, ends in (("ips, any n", found.bernstein), ("ips, any time", found.sequence)):
        yield f"| {text} | | {_ends(ends)} | | |"
    yield f"| mean reward in the log | {plain(found.logged_value)} | | | |"


def _slices(it: Challenged) -> Iterator[str]:
    yield from ("| slice | rows | gain | interval | p (Holm) |", "| :-- | --: | --: | --: | --: |")
    for one in it.slices:
        name = f"{one.by} {one.label or '(none)'}"
        if one.refused:
            yield f"| {name} | {one.rows:,} | refused: {one.refused} | | |"
        else:
            gain, p = signed(one.gain), plain(one.p_value)
            yield f"| {name} | {one.rows:,} | {gain} | {_ends((one.low, one.high))} | {p} |"


def _ranking(judged: Judged) -> Iterator[str]:
    yield "| policy | value (snips) | interval | best in draws | behind the first | together |"
    yield "| :-- | --: | --: | --: | --: | --: |"
    for one in judged.ranking:
        behind = _ends((one.behind_low, one.behind_high))
        yield (
            f"| {one.name} | {plain(one.value)} | {_ends((one.low, one.high))} | "
            f"{percent(one.best)} | {plain(one.behind)} | {behind} |"
        )


def _why(it: Challenged) -> str:
    return "; ".join(it.verdict.reasons)


def _ends(ends: Ends | None) -> str:
    return "—" if ends is None else f"[{plain(ends[0])}, {plain(ends[1])}]"
