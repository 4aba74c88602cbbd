"""The sandbox, where this machine has one."""

from __future__ import annotations

import asyncio

import pytest

from gairp.errors import MissingProgramError
from gairp.rewards.graders import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """A small sandbox; a test that needs it is skipped, with the install command, without one."""
    found = Sandbox(wall_s=5.0, cpu_s=2.0, memory_mb=256, disk_mb=8, output_kb=16)
    try:
        asyncio.run(found.run(""))
    except MissingProgramError as error:
        pytest.skip(str(error))
    return found
