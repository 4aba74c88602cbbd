"""Every error survives the way back from a worker process."""

from __future__ import annotations

import pickle

import pytest

from gairp import errors
from gairp.errors import BadRowError, GairpError, MissingDependencyError, UnknownNameError

EXAMPLES: list[GairpError] = [
    UnknownNameError("arm", "x", ["b", "a"]),
    MissingDependencyError("ray", extra="cluster", needed_for="a cluster"),
    BadRowError(file="t.csv", row=3, column="score", value=2.0, problem="above 1", remedy="scale"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_comes_back_whole(error: GairpError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


def test_every_class_of_the_tree_comes_back() -> None:
    plain = [
        cls
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, GairpError) and "__init__" not in vars(cls)
    ]
    for cls in plain:
        if issubclass(cls, UnknownNameError):
            continue
        back = pickle.loads(pickle.dumps(cls("what, where, remedy")))
        assert (type(back), str(back)) == (cls, "what, where, remedy")
