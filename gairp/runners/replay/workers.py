"""Runs jobs in this process or in several; the results are the same."""

from __future__ import annotations

import multiprocessing
import pickle
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from gairp.errors import GairpError
from gairp.report.study import Run
from gairp.runners.replay.job import Job, run_job
from gairp.runners.replay.prepared import Prepared

_prepared: Prepared | None = None


def run_jobs(prepared: Prepared, jobs: Sequence[Job], workers: int) -> Iterator[tuple[Job, Run]]:
    """Yield each job with its result as it is done; the order is not fixed.

    A job that fails raises GairpError with its policy and seed, after every other job has been
    yielded, so that nothing already done is lost.
    """
    if workers <= 1 or len(jobs) <= 1:
        yield from _here(prepared, jobs)
    else:
        yield from _elsewhere(prepared, jobs, min(workers, len(jobs)))


def _here(prepared: Prepared, jobs: Sequence[Job]) -> Iterator[tuple[Job, Run]]:
    failures: list[tuple[Job, Exception]] = []
    for job in jobs:
        try:
            run = run_job(prepared, job)
        except Exception as error:
            failures.append((job, error))
            continue
        yield job, run
    _raise(failures)


def _elsewhere(prepared: Prepared, jobs: Sequence[Job], workers: int) -> Iterator[tuple[Job, Run]]:
    failures: list[tuple[Job, Exception]] = []
    with tempfile.TemporaryDirectory(prefix="gairp-") as folder:
        path = Path(folder) / "prepared.pickle"
        path.write_bytes(pickle.dumps(prepared, protocol=pickle.HIGHEST_PROTOCOL))
        # Spawned, not forked: the parent holds threads and database connections by now.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            max_workers=workers, mp_context=context, initializer=_open, initargs=(str(path),)
        ) as pool:
            futures = {pool.submit(_run, job): job for job in jobs}
            try:
                for future in as_completed(futures):
                    error = future.exception()
                    if error is None:
                        yield futures[future], future.result()
                    elif isinstance(error, Exception):
                        failures.append((futures[future], error))
                    else:
                        raise error
            finally:
                # Where the study has failed or was interrupted, nobody waits for the rest.
                pool.shutdown(wait=False, cancel_futures=True)
    _raise(failures)


def _raise(failures: Sequence[tuple[Job, Exception]]) -> None:
    if not failures:
        return
    job, error = failures[0]
    more = f" (and {len(failures) - 1} more jobs failed)" if len(failures) > 1 else ""
    raise GairpError(
        f"policy {job.policy!r}, seed {job.seed}: {_said(error)}{more}; what was finished is kept "
        "in MLflow: run the same command again to go on from there (changed settings or code make "
        "a new study)"
    ) from error


def _said(error: Exception) -> str:
    """The message of a foreseen error; of any other the whole traceback, to find the fault by."""
    if isinstance(error, GairpError):
        return str(error)
    return "".join(traceback.format_exception(error))


def _open(path: str) -> None:
    global _prepared
    _prepared = pickle.loads(Path(path).read_bytes())


def _run(job: Job) -> Run:
    assert _prepared is not None
    return run_job(_prepared, job)
