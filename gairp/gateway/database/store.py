"""Opening the database, and bringing its schema up to date."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event, inspect
from sqlalchemy.exc import SQLAlchemyError

from gairp.errors import ConfigError

MIGRATIONS = Path(__file__).parent / "migrations"
#: Two processes that open a new database at once must not both make its tables.
_MIGRATION_LOCK = 0x6741_4952


def open_store(url: str) -> Engine:
    """The database at `url`, brought to the newest schema; ConfigError where it cannot be had."""
    try:
        engine = create_engine(_with_driver(url), pool_pre_ping=True, hide_parameters=True)
        if engine.dialect.name == "sqlite":
            _prepare(engine)
        if not _is_newest(engine):
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
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        down = revision == "base" or revision.startswith("-")
        (command.downgrade if down else command.upgrade)(config, revision)
        connection.commit()


def newest_revision() -> str:
    """The last migration's: their files are named by revision, counting up."""
    return max(path.stem for path in MIGRATIONS.glob("versions/[0-9]*.py")).partition("_")[0]


def _is_newest(engine: Engine) -> bool:
    """Asked of the database, not of Alembic, which takes as long to load as all of SQLAlchemy."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars()
        return list(found) == [newest_revision()]


def insert_into(connection: Connection, table: Table) -> Insert:
    """An insert that can say what happens on a conflict."""
    dialect: Any = import_module(f"sqlalchemy.dialects.{connection.dialect.name}")
    found: Insert = dialect.insert(table)
    return found


def _with_driver(url: str) -> str:
    """psycopg 3 is the driver that comes along."""
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return f"postgresql+psycopg://{url.removeprefix(plain)}"
    return url


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
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()


def _shown(url: str) -> str:
    """Without a password."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at else url
