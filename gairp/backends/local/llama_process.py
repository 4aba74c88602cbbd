"""The process of one llama.cpp server: `python llama_process.py '{"path": …}'`.

Run by its path with any interpreter that has xllamacpp, so it imports nothing else of ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from typing import Any


def serve(settings: dict[str, Any]) -> None:
    """Load the model and answer until SIGTERM. Raises RuntimeError where it cannot be loaded."""
    import xllamacpp

    if settings["nice"]:
        with contextlib.suppress(PermissionError):
            os.nice(settings["nice"])
    server = xllamacpp.Server(_parameters(xllamacpp.CommonParams(), settings))
    print(f"listening on {server.listening_address}", flush=True)
    while True:
        signal.pause()


def _parameters(params: Any, settings: dict[str, Any]) -> Any:
    params.model.path = settings["path"]
    params.model_alias = {settings["model"]}
    params.hostnames, params.port = ["127.0.0.1"], settings["port"]
    params.n_ctx, params.n_parallel, params.kv_unified = (
        settings["context"],
        settings["slots"],
        True,
    )
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    # It adds threads of its own for connections beyond these: /metrics answers under load too.
    params.n_threads_http, params.n_gpu_layers = 2, settings["n_gpu_layers"]
    params.cache_ram_mib = settings["prompt_cache_mib"]
    params.ui, params.verbosity = False, settings["verbosity"]
    params.endpoint_metrics = settings["metrics"]
    if settings["chat_template"]:
        params.chat_template = settings["chat_template"]
    return params


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
