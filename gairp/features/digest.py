"""Hashes that tell whether two feature matrices would be equal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np

from gairp.features.protocol import State


def digest_texts(texts: Sequence[str], categories: Sequence[str] | None = None) -> str:
    """sha256 over texts and categories, in order; each is preceded by its length."""
    digest = sha256(b"plain" if categories is None else b"with categories")
    for column in (texts, categories or ()):
        digest.update(len(column).to_bytes(8, "little"))
        for text in column:
            data = text.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "little"))
            digest.update(data)
    return digest.hexdigest()


def digest_state(state: State) -> str:
    """sha256 over names, types, shapes and bytes of the arrays."""
    digest = sha256()
    for name in sorted(state):
        array = np.ascontiguousarray(state[name])
        digest.update(json.dumps([name, array.dtype.str, list(array.shape)]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def digest_parameters(parameters: Mapping[str, Any]) -> str:
    """sha256 over the parameters as canonical JSON."""
    return sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()
