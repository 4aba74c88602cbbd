"""The folders that may hold data: cache, mirror and checkout."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "GAIRP_DATA_DIR"
MIRROR_VARIABLE = "GAIRP_DATA_MIRROR"

#: The folder above the package: a checkout has its `datasets/` there.
CHECKOUT = Path(__file__).resolve().parents[3]


def cache_folder(folder: Path | str | None = None) -> Path:
    """The argument, else GAIRP_DATA_DIR, else ~/.cache/gairp/data."""
    chosen = folder or os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "gairp" / "data"
    return Path(chosen).expanduser()


def mirror_folder(folder: Path | str | None = None) -> Path | None:
    """The argument, else GAIRP_DATA_MIRROR, else none."""
    chosen = folder or os.environ.get(MIRROR_VARIABLE)
    return Path(chosen).expanduser() if chosen else None
