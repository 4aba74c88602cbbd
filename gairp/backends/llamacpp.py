"""llama.cpp's own server on one thread, in a child process, called over HTTP and timed."""

from __future__ import annotations

import http.client
import json
import math
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from gairp.backends.chat import Message, Reply
from gairp.backends.local.llamacpp import LlamaCppServer
from gairp.backends.local.model_file import locate
from gairp.errors import BackendError

_TOP = 20
_SLOTS = 4


class LlamaServer:
    """A GGUF model behind a local, OpenAI-compatible server; start it with `with`.

    The server answers one call at a time, so the processor time that its process spends between
    the start and the end of a call is the cost of that call, whatever else the machine does.
    `path` is a file, or `package:NAME/FILE` for a file inside an installed package.
    `nice` below 0 needs the right to raise priority and is ignored without it.
    """

    def __init__(
        self,
        *,
        path: str,
        context: int = 4096,
        threads: int = 1,
        nice: int = 0,
        start_timeout_s: float = 120.0,
        call_timeout_s: float = 120.0,
    ) -> None:
        self.path = locate(path)
        self.context, self.threads, self.nice = context, threads, nice
        self.call_timeout_s = call_timeout_s
        # Calls come one at a time; the slots are for the answers sampled together.
        self._server = LlamaCppServer(
            path=path, context=context, slots=_SLOTS, threads=threads, nice=nice, metrics=False,
            start_timeout_s=start_timeout_s, stop_grace_s=1.0,
        )  # fmt: skip

    def __enter__(self) -> Self:
        if not self.path.is_file():
            raise BackendError(f"no model file at {self.path}; set `models.<name>.path` to a GGUF")
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child; harmless when it has ended."""
        self._server.stop()

    def compute_s(self) -> float:
        """Processor seconds of all threads of the child, to the nanosecond."""
        # The kernel's clock id of another process's CPU clock (clock_getcpuclockid(3)).
        return time.clock_gettime((~self._server.pid << 3) | 2)

    def chat(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cache: bool = False,
    ) -> Reply:
        """One streamed answer; raises BackendError where the server fails."""
        body = _body(messages, max_tokens, temperature, seed)
        body |= {"stream": True, "stream_options": {"include_usage": True}, "cache_prompt": cache}
        spent, start = self.compute_s(), time.perf_counter()
        ttft, tokens, finish, usage = math.nan, list[dict[str, Any]](), "", dict[str, Any]()
        for event in self._events(body):
            if event.get("usage"):
                usage = event["usage"]
            for choice in event["choices"]:
                new = (choice.get("logprobs") or {}).get("content") or []
                if new and math.isnan(ttft):
                    ttft = time.perf_counter() - start
                tokens += new
                finish = choice.get("finish_reason") or finish
        latency = time.perf_counter() - start
        text = b"".join(bytes(token["bytes"]) for token in tokens).decode("utf-8", "replace")
        return _reply(text, tokens, usage, ttft, latency, self.compute_s() - spent, finish)

    def sample(
        self,
        messages: Sequence[Message],
        *,
        count: int,
        max_tokens: int,
        temperature: float,
        seed: int,
    ) -> list[Reply]:
        """`count` answers decoded in one batch over a cached prompt; at most four."""
        body = _body(messages, max_tokens, temperature, seed)
        body |= {"n": count, "cache_prompt": True}
        spent, start = self.compute_s(), time.perf_counter()
        with self._post(body) as response:
            answer = json.loads(response.read())
        latency, compute = time.perf_counter() - start, self.compute_s() - spent
        replies = []
        for i, choice in enumerate(sorted(answer["choices"], key=lambda c: int(c["index"]))):
            tokens = (choice.get("logprobs") or {}).get("content") or []
            usage = answer["usage"] if i == 0 else {}
            text = choice["message"]["content"] or ""
            replies.append(
                _reply(
                    text, tokens, usage, math.nan, latency if i == 0 else 0.0,
                    compute if i == 0 else 0.0, choice["finish_reason"],
                )
            )  # fmt: skip
        return replies

    def _events(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        with self._post(body) as response:
            while line := response.readline():
                if line.startswith(b"data: {"):
                    yield json.loads(line[6:])

    def _post(self, body: dict[str, Any]) -> http.client.HTTPResponse:
        address = self._server.address.removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=self.call_timeout_s)
        try:
            connection.request(
                "POST", "/v1/chat/completions", json.dumps(body),
                {"Content-Type": "application/json", "Connection": "close"},
            )  # fmt: skip
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise BackendError(
                f"the server for {self.path.name} did not answer: {error!r}"
            ) from error
        if response.status != 200:
            raise BackendError(
                f"the server for {self.path.name} answered {response.status}: "
                f"{response.read(300).decode('utf-8', 'replace')}"
            )
        return response


def _body(
    messages: Sequence[Message], max_tokens: int, temperature: float, seed: int
) -> dict[str, Any]:
    return {
        "messages": list(messages),
        "max_tokens": max_tokens,
        "temperature": temperature,
        "seed": seed,
        "logprobs": True,
        "top_logprobs": _TOP,
    }


def _reply(
    text: str,
    tokens: list[dict[str, Any]],
    usage: dict[str, Any],
    ttft: float,
    latency: float,
    compute: float,
    finish: str,
) -> Reply:
    first = tokens[0].get("top_logprobs", []) if tokens else []
    return Reply(
        text=text,
        logprobs=tuple(float(token["logprob"]) for token in tokens),
        first_token={item["token"]: float(item["logprob"]) for item in first},
        input_tokens=int(usage.get("prompt_tokens", 0)),
        output_tokens=int(usage["completion_tokens"]) if math.isfinite(ttft) else len(tokens),
        cached_tokens=int((usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)),
        ttft_s=ttft,
        latency_s=latency,
        compute_s=compute,
        finish_reason=finish,
    )
