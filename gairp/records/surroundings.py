"""What a decision's last bit may depend on beside its log: versions, architecture."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from platform import machine

VERSIONED = ("gairp", "numpy", "scipy", "scikit-learn", "vowpal-wabbit-next")


def surroundings() -> dict[str, str]:
    """The installed versions, and the architecture."""
    return {"architecture": machine(), **versions(VERSIONED)}


def versions(packages: Iterable[str]) -> dict[str, str]:
    """`version_NAME` of each of these packages that is installed."""
    found = {}
    for package in packages:
        try:
            found[f"version_{package}"] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
