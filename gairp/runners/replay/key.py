"""What makes two studies the same, so that an unfinished one can be taken up again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# How and where a study runs does not change what it finds.
_IRRELEVANT = {"workers", "tracking", "out", "runner", "hydra", "record"}


def study_key(settings: Mapping[str, Any], facts: Mapping[str, str]) -> str:
    """sha256 over the configuration, the data's hashes, the versions and the code.

    The commit would not do: a policy that is being worked on changes between two commits, and
    runs of its former self must not be taken for its own.
    """
    relevant = {k: v for k, v in settings.items() if k not in _IRRELEVANT}
    targets = [str(policy.get("_target_")) for policy in settings["policies"].values()]
    content = json.dumps([relevant, dict(facts), _code(targets)], sort_keys=True, default=str)
    return sha256(content.encode()).hexdigest()[:16]


def _code(targets: Iterable[str]) -> str:
    """sha256 over the sources of the package, and of the policies that come from elsewhere."""
    package = Path(__file__).resolve().parents[2]
    files = sorted(package.rglob("*.py"))
    for module in sorted({target.rpartition(".")[0] for target in targets}):
        spec = find_spec(module) if not module.startswith("gairp.") else None
        if spec is not None and spec.origin is not None:
            files.append(Path(spec.origin))
    digest = sha256()
    for file in files:
        digest.update(sha256(file.read_bytes()).digest())
    return digest.hexdigest()


@cache
def git_commit() -> str:
    """The commit of the code, with "+changes" where the tree differs; "unknown" outside git."""
    folder = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/gairp", ":/conf")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}+changes" if changed else commit
