"""The report of a live run, from its log: the usual one where every arm was asked."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gairp.errors import ConfigError, UnknownNameError
from gairp.records.journal import read_events
from gairp.report.study import Pool, Run, Study
from gairp.report.terminal import print_report
from gairp.report.write import write_report
from gairp.rewards import Utility
from gairp.runners.live.material import Material
from gairp.runners.live.results import Answer, first_reported, pool_of, read_answers, run_of, served
from gairp.runners.live.settings import LiveSettings
from gairp.runners.live.stage import Stage
from gairp.runners.live.table import live_rows, print_rows, write_csv
from gairp.runners.publish import log_run, publish, say_where

#: With fewer questions that every arm was asked, nothing is compared.
_LEAST = 30


def report(
    settings: Mapping[str, Any],
    live: LiveSettings,
    utility: Utility,
    material: Material,
    stage: Stage,
    log: Path,
    out: Path,
    *,
    facts: Mapping[str, str],
    unlearned: int,
    stopped: bool,
) -> Path:
    """Write and print what there is to say; the folder of the report."""
    answers = read_answers(read_events(log))
    by_learner = served(answers)
    pool = pool_of(answers, material, tuple(stage.arms), utility, warm_up=live.warm_up)
    complete = int((~np.isnan(pool.quality)).all(axis=1).sum())
    if complete >= _LEAST:
        _study(settings, utility, material, pool, by_learner, out, facts, live)
    rows = live_rows(by_learner)
    write_csv(rows, out / "report" / "live.csv")
    print_rows(rows)
    for line in _notes(stage, unlearned, stopped, complete, len(pool.prompt_ids)):
        print(line)
    print(f"log     {log}  (python -m gairp.run +experiment=replay_log log={log})")
    return out / "report"


def _study(
    settings: Mapping[str, Any],
    utility: Utility,
    material: Material,
    pool: Pool,
    by_learner: Mapping[str, Sequence[Answer]],
    out: Path,
    facts: Mapping[str, str],
    live: LiveSettings,
) -> None:
    from gairp.tracking.writer import StudyWriter

    writer = StudyWriter(
        uri=settings["tracking"]["uri"],
        experiment=settings["tracking"]["experiment"],
        name=settings["name"],
        key=f"live-{facts['run_key']}",
        trace=facts["trace"],
    )
    runs = tuple(_runs(by_learner, material, pool))
    study = Study(
        name=settings["name"],
        pool=pool,
        runs=runs,
        sweep=(),
        utility=utility.describe(),
        primary=_primary(settings, runs),
        comparators=tuple(c for c in settings["comparators"] if c in settings["policies"]),
        notes=tuple(_how(live, material)),
        facts={k: v for k, v in facts.items() if k != "run_key"},
    )
    found = write_report(
        study, out / "report", draws=settings["bootstrap"]["draws"], seed=settings["study_seed"]
    )
    with tempfile.TemporaryDirectory(prefix="gairp-") as folder:
        for run in runs:
            if (run.policy, run.seed) not in writer.finished():
                log_run(writer, study, run, settings["policies"][run.policy], Path(folder))
    publish(writer, study, found, settings, out)
    writer.close()
    say_where(writer, settings, out)
    print_report(found.summary)


def _runs(by_learner: Mapping[str, Sequence[Answer]], material: Material, pool: Pool) -> list[Run]:
    runs = []
    for learner, answers in sorted(by_learner.items()):
        policy, _, seed = learner.rpartition("-")
        runs.append(run_of(policy, int(seed), answers, material, pool))
    return runs


def _primary(settings: Mapping[str, Any], runs: Sequence[Run]) -> str:
    names = list(dict.fromkeys(run.policy for run in runs))
    wanted = settings["primary"]
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted is None:
        raise ConfigError("primary: say which policy the verdict is about: " + ", ".join(names))
    if wanted not in names:
        raise UnknownNameError("policy in `primary`", wanted, names)
    return str(wanted)


def _how(live: LiveSettings, material: Material) -> list[str]:
    notes = ["live: every answer was made for this run; latencies are of this machine"]
    first = first_reported(material, live.warm_up)
    if material.prepared is not None:
        notes.append("comparators are chosen on the recorded train part")
    elif first:
        notes.append(
            f"the first {first} questions warm up: policies learn on them, the comparators are "
            "chosen on them, and they are not reported"
        )
    notes.append(f"every arm was asked {live.shadow_share:.0%} of the questions")
    return notes


def _notes(stage: Stage, unlearned: int, stopped: bool, complete: int, reported: int) -> list[str]:
    ceiling = stage.ceiling
    lines = [
        f"spent   {ceiling.spent_usd:.6f} USD, {ceiling.spent_tokens:,} tokens; "
        f"{ceiling.kept_usd:.6f} USD held for calls whose bill is unknown"
    ]
    if complete < _LEAST:
        remedy = "" if stopped else "; raise live.shadow_share or live.count"
        lines.append(
            f"note: {complete} of {reported} reported questions were asked of every arm; the "
            f"comparison with fixed mixes and the oracle needs {_LEAST}{remedy}"
        )
    lines += [f"note: arm {arm!r} {why}" for arm, why in stage.admission.quarantined.items()]
    lines += [
        f"note: {count} answers came from {model!r}, which has no price, and were billed as asked"
        for model, count in stage.costing.unpriced.items()
    ]
    opened = {model: count for model, count in stage.breakers.openings.items() if count}
    lines += [f"note: the breaker of {model!r} opened {n} times" for model, n in opened.items()]
    if stage.retry.exhausted:
        lines.append(f"note: {stage.retry.exhausted} retries were refused by the retry budget")
    if unlearned:
        lines.append(f"note: {unlearned} answers had no known quality or cost: not learned")
    if stopped:
        lines.append("note: stopped early; the same command goes on where this one ended")
    return lines
