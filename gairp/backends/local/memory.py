"""Whether a model fits into the memory that is free, asked before it is loaded."""

from __future__ import annotations

from pathlib import Path

from gairp.errors import BackendError

GIB = 2**30


def available_bytes(root: Path = Path("/")) -> int | None:
    """What may be taken without swapping, the container's limit included; None unknown.

    `root` is where /proc and /sys lie.
    """
    meminfo = root / "proc/meminfo"
    if not meminfo.exists():
        return None
    lines = (line.split() for line in meminfo.read_text().splitlines())
    free = next((int(line[1]) * 1024 for line in lines if line[0] == "MemAvailable:"), None)
    limits = [one for one in (free, _left_in_container(root / "sys/fs/cgroup")) if one is not None]
    return min(limits, default=None)


def _left_in_container(group: Path) -> int | None:
    """Of version 2 control groups; their limit reads `max` where there is none."""
    limit, used = group / "memory.max", group / "memory.current"
    if not limit.exists() or not used.exists() or limit.read_text().strip() == "max":
        return None
    return max(0, int(limit.read_text()) - int(used.read_text()))


def require(needed: int, what: str, remedy: str) -> None:
    """BackendError where less than `needed` bytes are free."""
    free = available_bytes()
    if free is not None and free < needed:
        raise BackendError(
            f"{what} needs about {needed / GIB:.1f} GiB of memory and {free / GIB:.1f} GiB is "
            f"available; {remedy}, or set check_memory: false to try all the same"
        )
