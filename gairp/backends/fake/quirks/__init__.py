"""The manners of vendors: their keys, their errors, what they add to OpenAI's format."""

from __future__ import annotations

from gairp.backends.fake.quirks.plain import Quirks
from gairp.backends.fake.quirks.table import QUIRKS, quirks

__all__ = ["QUIRKS", "Quirks", "quirks"]
