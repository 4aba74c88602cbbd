"""When requests of a production trace came, and how much of them was in the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gairp.errors import ConfigError, DataError, UnknownNameError
from gairp.traces.registry import locate
from gairp.types import Floats

_UNITS = {"t_s": 1.0, "t_ms": 1e-3}


def arrival_times(name: str, column: str | None = None, *, key: str = "live.pacing") -> Floats:
    """Ascending arrival times in seconds, of a file or of a registered dataset's table.

    `key` is the section of the configuration that errors name.
    """
    import pandas as pd

    path = arrivals_file(name, key=key)
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    found = column or next((known for known in _UNITS if known in table.columns), None)
    if found is None or found not in table.columns:
        raise DataError(
            f"{path} has no column {column or ' or '.join(_UNITS)}; it has "
            f"{', '.join(map(str, table.columns))}: set {key}.column"
        )
    times = np.sort(table[found].to_numpy(dtype=np.float64)) * _UNITS.get(found, 1.0)
    if len(times) < 2 or not np.isfinite(times).all():
        raise DataError(f"{path}, column {found!r}: needs two finite arrival times or more")
    return np.asarray(times)


def reused_share(name: str) -> Floats | None:
    """Share of each request's prefix blocks that earlier requests had, in the order of the file.

    None where the table has no column `hash_ids`. A prefix is reused up to its first new block.
    """
    import pandas as pd

    path = arrivals_file(name)
    if path.suffix != ".parquet":
        return None
    table = pd.read_parquet(path)
    if "hash_ids" not in table.columns:
        return None
    seen: set[int] = set()
    shares = []
    for blocks in table["hash_ids"]:
        known = 0
        while known < len(blocks) and int(blocks[known]) in seen:
            known += 1
        shares.append(known / max(1, len(blocks)))
        seen.update(map(int, blocks))
    return np.array(shares)


def arrivals_file(name: str, *, key: str = "live.pacing") -> Path:
    """A file, or the table of a registered dataset; ConfigError where there is none."""
    path = Path(name) if Path(name).suffix else _registered(name, key)
    if not path.is_file():
        raise ConfigError(f"{key}.trace: there is no file {path}")
    return path


def _registered(name: str, key: str) -> Path:
    dataset, _, wanted = name.partition("/")
    tables = locate(dataset)
    if not wanted and len(tables) == 1:
        return next(iter(tables.values()))
    if wanted not in tables:
        known = [f"{dataset}/{table}" for table in tables]
        raise UnknownNameError(f"table of arrivals ({key}.trace)", name, known)
    return tables[wanted]
