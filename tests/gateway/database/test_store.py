"""The schema goes up and down, and is what the tables say."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from gairp.errors import ConfigError
from gairp.gateway.database.metadata import METADATA
from gairp.gateway.database.store import migrate, open_store


def test_the_migrations_make_what_the_tables_say(store: Engine) -> None:
    with store.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_schema_goes_down_and_up_again(store: Engine) -> None:
    migrate(store, "0001")
    assert {"attempts", "progress"} <= set(inspect(store).get_table_names())
    assert "tenants" in set(inspect(store).get_table_names())  # an upgrade does not go down
    migrate(store, "-3")
    assert "tenants" not in inspect(store).get_table_names()
    migrate(store, "base")
    assert inspect(store).get_table_names() == ["alembic_version"]
    migrate(store)
    assert {table.name for table in METADATA.sorted_tables} <= set(inspect(store).get_table_names())


def test_several_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    wrong: list[BaseException] = []

    def opened() -> None:
        try:
            open_store(url).dispose()
        except ConfigError as error:
            wrong.append(error)

    threads = [threading.Thread(target=opened) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_database_that_is_not_there_is_said_without_its_password() -> None:
    with pytest.raises(ConfigError, match="cannot be opened") as caught:
        open_store("postgresql://gairp:hunter2@127.0.0.1:1/x")
    assert "hunter2" not in str(caught.value)
