"""Reading how busy a server is from what real servers said."""

from __future__ import annotations

import math

from gairp.backends.local.metrics import llamacpp_load, samples
from tests.backends.local import captured


def test_samples_are_kept_by_name_and_labels_apart() -> None:
    text = '# TYPE a gauge\na{x="1 2",y="}"} 1.5\na{x="2"} 2 1700000000\nb 1e3\nc NaN\nd\n\n'
    found = samples(text)
    assert found["a"] == [1.5, 2.0]
    assert found["b"] == [1000.0]
    assert math.isnan(found["c"][0])
    assert set(found) == {"a", "b", "c"}


def test_llamacpp_tells_running_and_queued_and_the_slots_tell_the_cache() -> None:
    load = llamacpp_load(captured.LLAMACPP, captured.LLAMACPP_SLOTS, context=4096)
    assert (load.running, load.queued) == (4.0, 2.0)
    assert load.kv_cache_use == (210 + 211) / 4096


def test_a_cache_ratio_of_its_own_is_believed() -> None:
    load = llamacpp_load(captured.LLAMACPP_OLD, captured.LLAMACPP_SLOTS, context=4096)
    assert load.kv_cache_use == 0.25


def test_what_is_not_said_is_not_known() -> None:
    load = llamacpp_load("", None, context=4096)
    assert all(map(math.isnan, (load.running, load.queued, load.kv_cache_use)))
