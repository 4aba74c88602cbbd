"""Where a model's file lies, also inside an installed package."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from gairp.errors import MissingDependencyError


def locate(path: str) -> Path:
    """`path`, or for `package:NAME/FILE` the file inside that package, which is not imported.

    Raises MissingDependencyError where the package is not installed.
    """
    package, _, file = path.removeprefix("package:").partition("/")
    if not path.startswith("package:"):
        return Path(path).expanduser()
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise MissingDependencyError(package, extra="record", needed_for=f"the model {path}")
    return Path(spec.origin).parent / file
