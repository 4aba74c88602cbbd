"""A study as a folder: study.json, pool.parquet, runs/*.parquet and, for a λ sweep, sweep/*.

The names of the tables do not matter, since every one says itself whose it is. Equal studies make
equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import DataError
from gairp.report.pool_table import pool_from_table, pool_to_table
from gairp.report.run_table import run_from_table, run_to_table
from gairp.report.study import Pool, Run, Sensitivity, Study

if TYPE_CHECKING:
    import pyarrow as pa

STUDY_FILE = "study.json"
POOL_FILE = "pool.parquet"
RUNS_FOLDER, SWEEP_FOLDER = "runs", "sweep"
DECISIONS_FILE = "decisions.parquet"  #: name of a run's table where it lies alone


def save_study(study: Study, folder: Path) -> None:
    """Write everything that `load_study` needs; `folder` is made where it is absent."""
    folder.mkdir(parents=True, exist_ok=True)
    save_study_document(study, folder / STUDY_FILE)
    save_pool(study.pool, folder / POOL_FILE)
    for name, runs in ((RUNS_FOLDER, study.runs), (SWEEP_FOLDER, study.sweep)):
        if runs:
            (folder / name).mkdir(exist_ok=True)
        for run in runs:
            save_run(run, study.pool, folder / name / f"{run_name(run)}.parquet")


def load_study(folder: Path) -> Study:
    """The study of a folder. Raises DataError where a piece is absent or not of this format."""
    document = _read_document(folder / STUDY_FILE)
    pool = load_pool(folder / POOL_FILE)
    return Study(
        name=document["name"],
        pool=pool,
        runs=_load_runs(folder / RUNS_FOLDER, pool),
        sweep=_load_runs(folder / SWEEP_FOLDER, pool),
        utility=document["utility"],
        primary=document["primary"],
        comparators=tuple(document["comparators"]),
        cost_unit=document["cost_unit"],
        dropped=document["dropped"],
        notes=tuple(document["notes"]),
        facts=document["facts"],
        sensitivity=tuple(_sensitivity(entry) for entry in document["sensitivity"]),
    )


def save_study_document(study: Study, path: Path) -> None:
    """Write the settings, notes and facts: all but the tables."""
    document = {
        "version": 1,
        "name": study.name,
        "utility": dict(study.utility),
        "primary": study.primary,
        "comparators": list(study.comparators),
        "cost_unit": study.cost_unit,
        "dropped": study.dropped,
        "notes": list(study.notes),
        "facts": dict(study.facts),
        "sensitivity": [
            {"label": entry.label, "gains": {k: list(v) for k, v in entry.gains.items()}}
            for entry in study.sensitivity
        ],
    }
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def save_pool(pool: Pool, path: Path) -> None:
    """Write the pool's table as Parquet."""
    _write(pool_to_table(pool), path)


def load_pool(path: Path) -> Pool:
    """Read the pool's table."""
    return pool_from_table(_read(path))


def save_run(run: Run, pool: Pool, path: Path) -> None:
    """Write one run's table as Parquet."""
    _write(run_to_table(run, pool), path)


def load_run(path: Path, pool: Pool) -> Run:
    """Read one run's table."""
    return run_from_table(_read(path), pool)


def run_name(run: Run) -> str:
    """A file name: policy, seed and, in a sweep, the cost weight."""
    weight = "" if run.cost_weight is None else f"-w{run.cost_weight!r}"
    safe = re.sub(r"[^A-Za-z0-9_.=-]", "_", run.policy)
    if safe != run.policy:  # two names may become one
        safe += "-" + hashlib.sha256(run.policy.encode()).hexdigest()[:8]
    return f"{safe}{weight}-s{run.seed}"


def in_order(runs: Iterable[Run]) -> list[Run]:
    """Runs by policy, cost weight and seed, so that who finished first leaves no trace."""
    return sorted(runs, key=lambda run: (run.policy, run.cost_weight or 0.0, run.seed))


def _load_runs(folder: Path, pool: Pool) -> tuple[Run, ...]:
    return tuple(in_order(load_run(path, pool) for path in folder.glob("*.parquet")))


def _sensitivity(entry: dict[str, Any]) -> Sensitivity:
    gains = {policy: (v[0], v[1], v[2]) for policy, v in entry["gains"].items()}
    return Sensitivity(label=entry["label"], gains=gains)


def _read_document(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(
            f"{path}: no such file; a report needs a finished study: its {STUDY_FILE}, "
            f"{POOL_FILE} and {RUNS_FOLDER}/*.parquet"
        )
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if document.get("version") != 1:
        raise DataError(
            f"{path}, key 'version': {document.get('version')!r} is not 1; "
            "remake the study with this version of the package"
        )
    return document


def _write(table: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd")


def _read(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {error}; run the study again") from (
            error
        )
