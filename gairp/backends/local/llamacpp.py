"""llama.cpp's own server on one GGUF file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Unpack

from gairp.backends.local import llama_process
from gairp.backends.local.metrics import llamacpp_load
from gairp.backends.local.model_file import locate
from gairp.backends.local.server import Launch, LocalServer, fetch, has_package
from gairp.errors import BackendError, MissingDependencyError
from gairp.types import ServerLoad

_MIB = 2**20


class LlamaCppServer(LocalServer):
    """`path` is a GGUF file, or `package:NAME/FILE` for one inside an installed package.

    `context` tokens are shared by `slots` requests at a time; more wait. One thread a server is
    best where several share few cores. `chat_template` is Jinja text or the name of one that
    llama.cpp knows, in place of the model's own. Up to `prompt_cache_mib` of memory keep the keys
    and values of earlier prompts, so that one that begins like any of them (the same instructions
    and examples, say) is not read anew; 0 remembers the last prompt of each slot alone.
    `n_gpu_layers` is passed on; it takes a build of xllamacpp for that GPU and is not tested here.
    `nice` below 0 needs the right to raise priority and is ignored without it.
    """

    kind = "llamacpp"
    suspicion = "is the file a whole chat GGUF of an architecture that llama.cpp knows?"

    def __init__(
        self,
        *,
        path: str,
        model: str = "",
        context: int = 4096,
        slots: int = 4,
        threads: int = 1,
        prompt_cache_mib: int = 512,
        n_gpu_layers: int = 0,
        chat_template: str | None = None,
        metrics: bool = True,
        nice: int = 0,
        verbosity: int = 1,
        **launch: Unpack[Launch],
    ) -> None:
        self.path = locate(path)
        super().__init__(model=model or self.path.stem, **launch)
        self.slots, self.context, self.prompt_cache_mib = slots, context, prompt_cache_mib
        self._settings = {
            "path": str(self.path), "model": self.model, "context": context, "slots": slots,
            "threads": threads, "prompt_cache_mib": prompt_cache_mib,
            "n_gpu_layers": n_gpu_layers, "chat_template": chat_template or "",
            "metrics": metrics, "nice": nice, "verbosity": verbosity,
        }  # fmt: skip

    def check(self) -> None:
        """The file and the package must be there."""
        if not self.path.is_file():
            raise BackendError(
                f"no model file at {self.path}; set `path` of the backend to a GGUF file"
            )
        if not Path(self.python).exists():
            raise BackendError(f"no interpreter at {self.python}; set `python` of the {self.what}")
        if not has_package(self.python, "xllamacpp"):
            raise MissingDependencyError("xllamacpp", extra="record", needed_for=f"the {self.what}")

    def command(self, port: int) -> list[str]:
        """Our own small program around the library's server."""
        settings = json.dumps({**self._settings, "port": port})
        return [self.python, str(Path(llama_process.__file__)), settings]

    def memory_needed(self) -> int:
        """The weights, an eighth for buffers, what an empty server and its context take, the cache.

        Measured: a file of 94 MiB takes 0.34 GB, one of 468 MiB 0.7 GB.
        """
        return self.path.stat().st_size * 9 // 8 + (256 + self.prompt_cache_mib) * _MIB

    def load(self) -> ServerLoad | None:
        """From /metrics, and from /slots the cells that the running requests hold."""
        metrics = fetch(self.address, "/metrics") if self.address else None
        if metrics is None:
            return None
        return llamacpp_load(metrics, fetch(self.address, "/slots"), self.context)
