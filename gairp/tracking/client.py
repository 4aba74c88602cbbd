"""One connection to a tracking store."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import ConfigError

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SQLITE = "sqlite:///"
DEFAULT_URI = "sqlite:///mlruns/mlflow.db"


def default_uri() -> str:
    """What MLFLOW_TRACKING_URI says, else a SQLite file below the working folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_URI


def connect(uri: str) -> MlflowClient:
    """A client of the store at `uri`; raises ConfigError where none answers there."""
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # The store tells of every schema migration of a new SQLite file; nobody needs to read that.
    for noisy in ("alembic", "mlflow.store.db.utils", "mlflow.tracking"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    database = Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None
    if database is not None:
        _prepare(database)
    try:
        with alone(database) if database is not None else contextlib.nullcontext():
            # The registry is named: else it is whatever some code of this process has set.
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            client.search_experiments(max_results=1)
    except (MlflowException, OSError, ValueError) as error:
        raise ConfigError(
            f"tracking.uri: no MLflow store answers at {uri!r} ({error}); start the server or "
            f"give another, for instance {DEFAULT_URI}"
        ) from error
    return client


def experiment_id(client: MlflowClient, name: str) -> str:
    """The experiment of this name, made if it is new."""
    found: Any = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    uri = str(client.tracking_uri)
    location = None
    if uri.startswith(_SQLITE):
        database = Path(uri.removeprefix(_SQLITE)).resolve()
        location = (database.parent / "artifacts" / name).as_uri()
    return _create_experiment(client, name, location)


def _create_experiment(client: MlflowClient, name: str, location: str | None) -> str:
    from mlflow.exceptions import MlflowException

    try:
        return str(client.create_experiment(name, artifact_location=location))
    except MlflowException:
        found: Any = client.get_experiment_by_name(name)
        if found is None:
            raise
        return str(found.experiment_id)  # another process of the same sweep was quicker


@contextlib.contextmanager
def alone(database: Path) -> Iterator[None]:
    """Wait for other processes that open the same file: a new one would get its tables twice."""
    try:
        import fcntl
    except ImportError:  # not a POSIX system: there one opens the store once before a sweep
        yield
        return
    with database.with_name(f".{database.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _prepare(database: Path) -> None:
    """Use a write-ahead log: one flush a commit, not three; the setting stays in the file."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
