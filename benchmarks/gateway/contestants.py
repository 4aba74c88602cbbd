"""Who is measured, and how each is started and asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.gateway import environments as env
from benchmarks.gateway.ours import KEY

#: (port of the upstream, own port, folder of its own) -> command
Command = Callable[[int, int, Path], Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """`direct` has no command: the upstream itself is asked."""

    name: str
    command: Command | None
    model: str = "m"
    path: str = "/v1/chat/completions"
    headers: Callable[[int], Mapping[str, str]] = field(default=lambda upstream: {})
    environment: Mapping[str, str] = field(default_factory=dict)


def contestants() -> list[Contestant]:
    """All that can be had here; what is missing is installed first."""
    key = {"authorization": f"Bearer {KEY}"}
    found = [
        Contestant(name="direct", command=None),
        Contestant(
            name="passthrough",
            command=lambda up, port, home: _module("passthrough", up, port),
        ),
        Contestant(
            name="ours",
            command=lambda up, port, home: _module("ours", up, port, home),
            model="gairp/auto",
            headers=lambda upstream: key,
        ),
        Contestant(
            name="ours-power",
            command=lambda up, port, home: _module("ours", up, port, home, "power"),
            model="gairp/auto",
            headers=lambda upstream: key,
        ),
    ]
    return [*found, *_compiled(), *_peers()]


def _compiled() -> list[Contestant]:
    found: list[Contestant] = []
    if (nginx := env.had(lambda: env.debian("nginx", ["nginx"]))) is not None:
        program = str(nginx)
        found.append(Contestant(name="nginx", command=lambda *where: _nginx(program, *where)))
    traefik = env.had(lambda: env.python_peer("traefik", env.TRAEFIK, "traefik"))
    if traefik is not None:
        found.append(
            Contestant(name="traefik", command=lambda *where: _traefik(str(traefik), *where))
        )
    router = env.had(lambda: env.python_peer("vllm-router", env.VLLM_ROUTER, "vllm-router"))
    if router is not None:
        found.append(
            Contestant(
                name="vllm-router",
                command=lambda up, port, home: [
                    str(router), "--host", "127.0.0.1", "--port", str(port), "--worker-urls",
                    f"http://127.0.0.1:{up}", "--policy", "round_robin", "--log-level", "error",
                    "--prometheus-port", str(port + 100),
                ],
            )
        )  # fmt: skip
    return found


def _peers() -> list[Contestant]:
    found: list[Contestant] = []
    if (script := env.had(env.portkey)) is not None:
        found.append(
            Contestant(
                name="portkey",
                command=lambda up, port, home: [
                    "node", str(script), "--headless", f"--port={port}",
                ],
                headers=lambda up: {
                    "authorization": "Bearer sk-none",
                    "x-portkey-provider": "openai",
                    "x-portkey-custom-host": f"http://127.0.0.1:{up}/v1",
                },
                environment={"TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"},
            )
        )  # fmt: skip
    litellm = env.had(lambda: env.python_peer("litellm", env.LITELLM, "litellm", env.LITELLM_ANY))
    if litellm is not None:
        found.append(
            Contestant(
                name="litellm",
                command=lambda *where: _litellm(str(litellm), *where),
                headers=lambda upstream: {
                    "authorization": "Bearer sk-bench-0123456789abcdef0123456789abcdef"
                },
                environment={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
            )
        )
    return found


def _module(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.gateway.{name}", *map(str, arguments)]


def _nginx(program: str, up: int, port: int, home: Path) -> list[str]:
    text = f"""
daemon off; worker_processes 1; pid {home}/pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_buffer_size 1m;
  client_body_temp_path {home}/1; proxy_temp_path {home}/2; fastcgi_temp_path {home}/3;
  uwsgi_temp_path {home}/4; scgi_temp_path {home}/5;
  upstream mock {{ server 127.0.0.1:{up}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""
    (home / "nginx.conf").write_text(text, encoding="utf-8")
    return [program, "-p", str(home), "-c", str(home / "nginx.conf"), "-e", "stderr"]


def _traefik(program: str, up: int, port: int, home: Path) -> list[str]:
    text = f"""
http:
  routers: {{all: {{rule: "PathPrefix(`/`)", service: mock, entryPoints: [web]}}}}
  services: {{mock: {{loadBalancer: {{servers: [{{url: "http://127.0.0.1:{up}"}}]}}}}}}
"""
    (home / "dynamic.yaml").write_text(text, encoding="utf-8")
    return [
        program, f"--entrypoints.web.address=127.0.0.1:{port}", "--log.level=ERROR",
        f"--providers.file.filename={home}/dynamic.yaml", "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]  # fmt: skip


def _litellm(program: str, up: int, port: int, home: Path) -> list[str]:
    text = f"""
model_list:
  - model_name: m
    litellm_params: {{model: openai/m, api_base: "http://127.0.0.1:{up}/v1", api_key: none}}
general_settings: {{master_key: sk-bench-0123456789abcdef0123456789abcdef}}
litellm_settings: {{telemetry: false, num_retries: 0}}
"""
    (home / "litellm.yaml").write_text(text, encoding="utf-8")
    return [
        program, "--config", f"{home}/litellm.yaml", "--host", "127.0.0.1", "--port", str(port),
        "--num_workers", "1",
    ]  # fmt: skip
