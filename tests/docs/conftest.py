"""The contract checks that the examples must pass are marked; their mark is made known here too."""

from __future__ import annotations

from tests.contracts.conftest import pytest_configure

__all__ = ["pytest_configure"]
