"""vLLM's OpenAI-compatible server on one model folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Unpack

from gairp.backends.local.memory import GIB
from gairp.backends.local.metrics import vllm_load
from gairp.backends.local.server import Launch, LocalServer, fetch, has_package
from gairp.errors import BackendError
from gairp.types import ServerLoad

ENVIRONMENT = ".venv-vllm"
MAKE_ENVIRONMENT = "python -m gairp.backends.local.vllm_env"
_MODULE = ("-m", "vllm.entrypoints.openai.api_server")


class VllmServer(LocalServer):
    """`path` is a folder as Hugging Face lays it out, and with `command` also a model's hub name.

    By default it runs the CPU build in an environment of its own, whose interpreter is `python`.
    `command`, such as `[vllm, serve]`, runs an installation for GPUs instead; what it needs
    (`tensor_parallel_size`, `gpu_memory_utilization`, `dtype`, any other flag in `arguments`) is
    passed on as it is and is not tested here. `threads` null takes every core. `kv_cache_gib` is
    the CPU build's key-value cache.
    """

    kind = "vllm"
    suspicion = "is the folder a model of an architecture that this vLLM serves?"

    def __init__(
        self,
        *,
        path: str,
        model: str = "",
        command: Sequence[str] | None = None,
        context: int = 1024,
        slots: int = 8,
        dtype: str = "auto",
        enforce_eager: bool = True,
        kv_cache_gib: float = 1.0,
        threads: int | None = None,
        tensor_parallel_size: int | None = None,
        gpu_memory_utilization: float | None = None,
        arguments: Mapping[str, str | int | float | bool] | None = None,
        **launch: Unpack[Launch],
    ) -> None:
        launch.setdefault("python", f"{ENVIRONMENT}/bin/python")
        launch.setdefault("start_timeout_s", 300.0)
        launch.setdefault("stop_grace_s", 10.0)  # it unlinks its shared memory on the way out
        folder = Path(path).expanduser()
        super().__init__(model=model or folder.name, **launch)
        self.path, self.folder = path, folder
        self._own = None if command is None else list(command)
        self.kv_cache_gib, self.threads = kv_cache_gib, threads
        self._arguments = {
            "served-model-name": self.model, "max-model-len": context, "max-num-seqs": slots,
            "dtype": dtype, "enforce-eager": enforce_eager,
            "tensor-parallel-size": tensor_parallel_size,
            "gpu-memory-utilization": gpu_memory_utilization, **(arguments or {}),
        }  # fmt: skip

    def check(self) -> None:
        """The program and the folder must be there."""
        if self._own is not None:
            if shutil.which(self._own[0]) is None:
                raise BackendError(
                    f"no program {self._own[0]!r} for the {self.what}; install vLLM for your GPU, "
                    f"or leave `command` out and run: {MAKE_ENVIRONMENT}"
                )
        elif not Path(self.python).exists() or not has_package(self.python, "vllm"):
            raise BackendError(
                f"no vLLM behind the interpreter {self.python} of the {self.what}; "
                f"run: {MAKE_ENVIRONMENT}"
            )
        if not self.folder.exists() and self._own is not None:
            return  # a hub name, which is vLLM's to find
        if not (self.folder / "config.json").is_file():
            raise BackendError(
                f"no config.json in {self.folder}; set `path` to a model folder of Hugging Face's "
                f"layout (for SmolLM2, {MAKE_ENVIRONMENT} makes one)"
            )

    def command(self, port: int) -> list[str]:
        """Only values that are set become flags; true ones take no value."""
        name = str(self.folder) if self.folder.exists() else self.path
        start = [self.python, *_MODULE, "--model"] if self._own is None else self._own
        flags = [*start, name, "--host", "127.0.0.1", "--port", str(port)]
        for flag, value in self._arguments.items():
            if value is True:
                flags.append(f"--{flag}")
            elif value is not None and value is not False:
                flags += [f"--{flag}", str(value)]
        return flags

    def environment(self) -> Mapping[str, str]:
        """Nothing is fetched for a folder; the CPU build takes its cache and threads from here."""
        told = {"VLLM_NO_USAGE_STATS": "1"}
        if self.folder.exists():
            told["HF_HUB_OFFLINE"] = "1"
        if self._own is None:
            told["VLLM_CPU_KVCACHE_SPACE"] = f"{self.kv_cache_gib:g}"
        if self.threads is not None:
            told |= {"OMP_NUM_THREADS": str(self.threads), "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
        return told

    def memory_needed(self) -> int:
        """Weights and a half, the cache, and 2 GiB for its three processes.

        Measured: weights of 0.25 GiB and a cache of 1 GiB take 3.4 GiB. What a GPU holds is not
        counted.
        """
        if self._own is not None:
            return 2 * GIB
        weights = sum(file.stat().st_size for file in self.folder.glob("*.safetensors"))
        return weights * 3 // 2 + round((self.kv_cache_gib + 2) * GIB)

    def load(self) -> ServerLoad | None:
        """From /metrics."""
        metrics = fetch(self.address, "/metrics") if self.address else None
        return None if metrics is None else vllm_load(metrics)
