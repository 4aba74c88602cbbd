"""Rows of arms stay what they were, whatever comes and goes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gairp.policies.arms import ArmIndex


def asked(index: ArmIndex, names: tuple[str, ...]) -> list[int] | None:
    rows = index.rows(names)
    return None if rows is None else rows.tolist()


names = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6).map(tuple)


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from("abcdef"), names), max_size=30))
def test_rows_follow_the_order_of_first_appearance(steps: list[str | tuple[str, ...]]) -> None:
    """A name is added, a tuple is asked for: in any order, the answers fit a plain dictionary."""
    index, plain = ArmIndex(), dict[str, int]()
    for step in steps:
        if isinstance(step, str):
            assert index.add(step) == plain.setdefault(step, len(plain))
            continue
        rows = asked(index, step)
        answer = list(range(len(index))) if rows is None else rows
        assert answer == [plain.get(name, -1) for name in step]
    assert index.names == tuple(plain)
    assert len(index) == len(plain)
    assert all(index.row(name) == row and name in index for name, row in plain.items())
    assert index.row("z") is None
    assert "z" not in index


def test_all_rows_in_order_need_no_array() -> None:
    index = ArmIndex(("a", "b"))
    assert index.rows(("a", "b")) is None
    index.add("c")
    assert asked(index, ("a", "b")) == [0, 1]
    assert asked(index, ("b", "a")) == [1, 0]
