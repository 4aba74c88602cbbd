"""What makes two studies the same, so that an unfinished one can be taken up again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

# How and where a study runs does not change what it finds.
_IRRELEVANT = {"workers", "tracking", "out", "runner", "hydra", "record"}


def study_key(settings: Mapping[str, Any], facts: Mapping[str, str]) -> str:
    """sha256 over the configuration, the data's hashes, the versions and the git commit."""
    relevant = {k: v for k, v in settings.items() if k not in _IRRELEVANT}
    content = json.dumps([relevant, dict(facts), git_commit()], sort_keys=True, default=str)
    return sha256(content.encode()).hexdigest()[:16]


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
