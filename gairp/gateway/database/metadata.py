"""What every table of the gateway is registered with; each room keeps its own `tables.py`."""

from __future__ import annotations

from sqlalchemy import MetaData

METADATA = MetaData()
