"""Logs to repeat: of small replays, and of live runs on scripted backends."""

from __future__ import annotations

from tests.runners.live.conftest import (  # noqa: F401  (fixtures of live runs)
    _fresh_backends,
    questions,
    run,
    settings,
)
