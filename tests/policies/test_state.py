"""A state survives the way through bytes, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gairp.errors import StateError
from gairp.policies.state import pack, unpack

arrays = hnp.arrays(
    dtype=st.sampled_from([np.float64, np.int64, np.float32, np.uint8, np.bool_]),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
plain = st.one_of(
    st.text(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.booleans()
)


@settings(deadline=None)
@given(arrays)
def test_arrays_come_back_bit_for_bit(array: Any) -> None:
    back = unpack(pack({"array": array}))["array"]
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.text(), st.one_of(plain, st.lists(plain), st.binary()), max_size=4))
def test_plain_values_come_back(state: dict[str, Any]) -> None:
    assert unpack(pack(state)) == state


def test_a_view_is_stored_as_what_it_shows() -> None:
    whole = np.arange(12.0).reshape(3, 4)
    back = unpack(pack({"turned": whole.T, "column": whole[:, 1], "scalar": np.float64(0.1)}))
    assert back["turned"].tolist() == whole.T.tolist()
    assert back["column"].tolist() == [1.0, 5.0, 9.0]
    assert back["scalar"] == 0.1


def test_what_comes_back_is_a_copy() -> None:
    array = np.zeros(3)
    data = pack({"array": array})
    first, second = unpack(data)["array"], unpack(data)["array"]
    first += 1.0
    assert array.tolist() == second.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x01",
        pack({"a": np.zeros(4)})[:-1],
        pack({"a": np.zeros(4)}).replace(b"<f8", b"<q9"),
        pack({"a": np.zeros(4)}).replace(b"<f8", b"|O8"),
        b"\x81\xa1a\xd4\x07\x00",  # an extension of another kind
    ],
)
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(StateError, match="no saved policy state"):
        unpack(data)


def test_objects_are_refused() -> None:
    with pytest.raises(NotImplementedError, match="cannot hold a complex"):
        pack({"a": 2j})
