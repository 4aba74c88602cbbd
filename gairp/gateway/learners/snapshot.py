"""A learner's state on disk, whole or not there."""

from __future__ import annotations

import os
import re
from hashlib import blake2b
from pathlib import Path

import msgspec

from gairp.errors import IntegrityError

_UNSAFE = re.compile(r"[^A-Za-z0-9._@-]")


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state after the first `seq` events of the journal.

    Decisions that wait for feedback stand at `low` or later: reading begins there.
    """

    learner: str
    seq: int
    low: int
    state_version: int
    state: bytes


def snapshot_path(folder: Path, learner: str) -> Path:
    """The file of a learner; its name is in it, whatever characters it has."""
    digest = blake2b(learner.encode(), digest_size=4).hexdigest()
    return folder / f"{_UNSAFE.sub('_', learner)}-{digest}.snapshot"


def write_snapshot(folder: Path, snapshot: Snapshot) -> Path:
    """Replace the one before; a kill leaves the old or the new, never a part."""
    folder.mkdir(parents=True, exist_ok=True)
    data = msgspec.msgpack.encode(snapshot)
    path = snapshot_path(folder, snapshot.learner)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(blake2b(data, digest_size=16).digest() + data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return path


def read_snapshot(folder: Path, learner: str) -> Snapshot | None:
    """None where there is none; IntegrityError where it is damaged."""
    path = snapshot_path(folder, learner)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    digest, body = data[:16], data[16:]
    if blake2b(body, digest_size=16).digest() != digest:
        raise IntegrityError(
            f"{path} is damaged: its checksum does not fit; remove it, and the learner is rebuilt "
            "from the journal alone"
        )
    return msgspec.msgpack.decode(body, type=Snapshot)
