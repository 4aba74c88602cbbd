"""Runs every contract test over every policy found that it concerns."""

from __future__ import annotations

import pytest

from gairp.errors import MissingDependencyError
from tests.contracts.policy_cases import Case, cases


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes a `case` runs once for each; the mark `kinds(...)` narrows them down."""
    if "case" in metafunc.fixturenames:
        wanted = {k for mark in metafunc.definition.iter_markers("kinds") for k in mark.args}
        chosen = [case for case in cases() if wanted <= case.kinds]
        metafunc.parametrize("case", chosen, ids=str, indirect=True)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """One way to build one policy; skips, saying so, where its package is absent."""
    chosen: Case = request.param
    try:
        chosen.build()
    except MissingDependencyError as error:
        pytest.skip(str(error))
    return chosen


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers", "kinds(*names): only for policies of these kinds (learner, greedy, trainable)"
    )
