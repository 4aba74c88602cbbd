"""Free memory, as the machine and the container tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gairp.backends.local import memory
from gairp.errors import BackendError


def machine(root: Path, *, available_kib: int, limit: str = "", used: str = "") -> Path:
    (root / "proc").mkdir()
    (root / "proc/meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable: {available_kib} kB\n")
    if limit:
        group = root / "sys/fs/cgroup"
        group.mkdir(parents=True)
        (group / "memory.max").write_text(f"{limit}\n")
        (group / "memory.current").write_text(f"{used}\n")
    return root


def test_the_machine_tells(tmp_path: Path) -> None:
    assert memory.available_bytes(machine(tmp_path, available_kib=3)) == 3072


def test_the_container_may_have_less(tmp_path: Path) -> None:
    assert (
        memory.available_bytes(machine(tmp_path, available_kib=3, limit="2000", used="1500")) == 500
    )


def test_a_container_without_a_limit_has_what_the_machine_has(tmp_path: Path) -> None:
    assert memory.available_bytes(machine(tmp_path, available_kib=3, limit="max", used="1")) == 3072


def test_nobody_knows_without_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory.available_bytes(tmp_path) is None
    monkeypatch.setattr(memory, "available_bytes", lambda: None)
    memory.require(10**15, "it", "wait")


def test_too_little_says_how_much_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: memory.GIB)
    with pytest.raises(BackendError, match=r"it needs about 2\.5 GiB .* 1\.0 GiB .*; wait, or set"):
        memory.require(5 * memory.GIB // 2, "it", "wait")
    memory.require(memory.GIB, "it", "wait")
