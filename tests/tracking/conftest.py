"""One store for the tests of this room: to make it takes seconds."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="package")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a store that is new when the first of these tests runs."""
    return f"sqlite:///{tmp_path_factory.mktemp('tracking')}/mlflow.db"
