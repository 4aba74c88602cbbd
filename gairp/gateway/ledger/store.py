"""The ledger's database: SQLite in a file, or PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Insert, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from gairp.errors import ConfigError
from gairp.gateway.ledger.tables import ATTEMPTS

MIGRATIONS = Path(__file__).parent / "migrations"


def open_store(url: str) -> Engine:
    """The database at `url`, brought to the newest schema; ConfigError where it cannot be had."""
    try:
        engine = create_engine(_with_driver(url), pool_pre_ping=True)
        if engine.dialect.name == "sqlite":
            _prepare(engine)
        migrate(engine)
    except (SQLAlchemyError, OSError, ImportError) as error:
        raise ConfigError(
            f"serving.ledger: the database {_shown(url)} cannot be opened "
            f"({type(error).__name__}: {error}); is it there, and may this user write to it?"
        ) from error
    return engine


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to a revision, by the migrations that ship with the package."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if revision == "base" else command.upgrade)(config, revision)


def insert_into(connection: Connection) -> Insert:
    """An insert of attempts that can say what happens on a conflict."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    found: Insert = dialect.insert(ATTEMPTS)
    return found


def _with_driver(url: str) -> str:
    """psycopg 3 is the driver that comes along."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _prepare(engine: Engine) -> None:
    """A write-ahead log: readers do not wait, and a commit is one flush."""
    database = engine.url.database
    if database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()


def _shown(url: str) -> str:
    """Without a password."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at else url
