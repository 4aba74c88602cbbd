"""Runs jobs in this process or in several; the results are the same."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, TypeVar, overload

from gairp.errors import GairpError, foreseen
from gairp.report.study import Run
from gairp.runners.replay.job import Job, run_job
from gairp.runners.replay.prepared import Prepared

_prepared: Prepared | None = None


R = TypeVar("R")
Work = Callable[[Prepared, Job], R]


@overload
def run_jobs(
    prepared: Prepared, jobs: Sequence[Job], workers: int
) -> Iterator[tuple[Job, Run]]: ...


@overload
def run_jobs(
    prepared: Prepared, jobs: Sequence[Job], workers: int, *, run: Work[R]
) -> Iterator[tuple[Job, R]]: ...


def run_jobs(
    prepared: Prepared, jobs: Sequence[Job], workers: int, *, run: Work[Any] | None = None
) -> Iterator[tuple[Job, Any]]:
    """Yield each job with its result as it is done; the order is not fixed.

    `run` does one job; without it, it is replayed in a world that stays as it is.

    A job that fails raises GairpError with its policy and seed, after every other job has been
    yielded, so that nothing already done is lost.
    """
    if workers <= 1 or len(jobs) <= 1:
        yield from _here(prepared, jobs, run or run_job)
    else:
        yield from _elsewhere(prepared, jobs, min(workers, len(jobs)), run or run_job)


def _here(prepared: Prepared, jobs: Sequence[Job], run: Work[R]) -> Iterator[tuple[Job, R]]:
    failures: list[tuple[Job, Exception]] = []
    for job in jobs:
        try:
            done = run(prepared, job)
        except Exception as error:
            failures.append((job, foreseen(error) or error))
            continue
        yield job, done
    _raise(failures)


def _elsewhere(
    prepared: Prepared, jobs: Sequence[Job], workers: int, run: Work[R]
) -> Iterator[tuple[Job, R]]:
    failures: list[tuple[Job, Exception]] = []
    with tempfile.TemporaryDirectory(prefix="gairp-") as folder:
        path = Path(folder) / "prepared.pickle"
        path.write_bytes(pickle.dumps(prepared, protocol=pickle.HIGHEST_PROTOCOL))
        # Spawned, not forked: the parent holds threads and database connections by now.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            max_workers=workers, mp_context=context, initializer=_open, initargs=(str(path),)
        ) as pool:
            futures = {pool.submit(_run, run, job): job for job in jobs}
            try:
                for future in as_completed(futures):
                    error = future.exception()
                    if error is None:
                        yield futures[future], future.result()
                    elif isinstance(error, Exception):
                        failures.append((futures[future], error))
                    else:
                        raise error
            except BaseException:
                # Where the study was interrupted, nobody waits for the rest.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
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
    """The message of what can be foreseen; of all else the traceback, to find the fault by."""
    if isinstance(error, GairpError):
        return str(error)
    if isinstance(error, BrokenProcessPool):
        return "its process was stopped from outside, by Ctrl-C or for want of memory (workers=1?)"
    return "".join(traceback.format_exception(error))


def _open(path: str) -> None:
    global _prepared
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends workers without a word
    _prepared = pickle.loads(Path(path).read_bytes())


def _run(run: Work[R], job: Job) -> R:
    assert _prepared is not None
    try:
        return run(_prepared, job)
    except Exception as error:
        raise foreseen(error) or error from None  # causes are lost on the way to the parent
