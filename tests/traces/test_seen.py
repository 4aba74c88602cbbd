from __future__ import annotations

from gairp.traces.seen import SeenIds


def test_every_id_is_new_once() -> None:
    seen = SeenIds(capacity=4)
    ids = [f"prompt/{i}" for i in range(5_000)]
    assert all(seen.add(i) for i in ids)
    assert not any(seen.add(i) for i in ids)
    assert len(seen) == 5_000


def test_an_id_costs_at_most_32_bytes() -> None:
    seen = SeenIds(capacity=4)
    for i in range(4_097):
        seen.add(str(i))
        assert len(seen) < 3 or 16 <= seen.nbytes / len(seen) <= 32
