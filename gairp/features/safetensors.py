"""Read weights from a safetensors file, without the package of that name.

The layout: eight bytes, little-endian, with the length of a JSON header; the header, which gives
type, shape and byte range of each tensor; the tensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import IntegrityError

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1"}


def read_safetensors(path: Path) -> Mapping[str, NDArray[Any]]:
    """The tensors by name, mapped from the file; IntegrityError where it is cut off or odd."""
    content = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else b""
    try:
        length = int.from_bytes(bytes(content[:8]), "little")
        header = json.loads(bytes(content[8 : 8 + length]))
        body = content[8 + length :]
        return {
            name: _tensor(body, entry) for name, entry in header.items() if name != "__metadata__"
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(
            f"{path} is cut off or not a safetensors file of plain numbers ({error!r}); "
            "get it again"
        ) from None


def _tensor(body: Any, entry: Mapping[str, Any]) -> NDArray[Any]:
    start, end = entry["data_offsets"]
    if end > len(body):
        raise ValueError(f"a tensor ends at byte {end} of {len(body)}")
    tensor: NDArray[Any] = np.frombuffer(body[start:end], dtype=_TYPES[entry["dtype"]])
    return tensor.reshape(entry["shape"])
