"""What the gains become when an assumed quantity is half or double."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from gairp.report.folder import in_order
from gairp.report.study import Sensitivity, Study
from gairp.report.summary import gains, summarise
from gairp.rewards import Utility
from gairp.runners.replay.job import Job
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.workers import run_jobs

FACTORS = (0.5, 2.0)


def sensitivity(
    prepare: Callable[[float], Prepared],
    jobs: Sequence[Job],
    study: Study,
    utility: Utility,
    workers: int,
    *,
    draws: int,
    seed: int,
) -> tuple[Sensitivity, ...]:
    """Run the whole study again at half and at double the assumed output length.

    Empty where nothing was assumed about it.
    """
    if not any(note.startswith("assumed: output_tokens") for note in study.notes):
        return ()
    rows = []
    # The study's own logs must not be written over.
    jobs = [replace(job, record=None, log=None) for job in jobs]
    for factor in FACTORS:
        prepared = prepare(factor)
        protocol = jobs[0].protocol
        runs = [run for _, run in run_jobs(prepared, jobs, workers)]
        changed = replace(
            study,
            pool=prepared.pool(protocol.fit, protocol.report, utility),
            runs=tuple(in_order(runs)),
            sweep=(),
        )
        label = f"assumed output length ×{factor:g}"
        found = summarise(changed, draws=draws, seed=seed)
        rows.append(Sensitivity(label=label, gains=gains(found)))
    return tuple(rows)
