"""Connections that ask, one request after the other, and note what they were told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from benchmarks.soak.gateway import KEY
from gairp.backends.http.client import HttpClient
from gairp.backends.http.errors import HttpError, NotConnectedError
from gairp.backends.http.response import Response

#: answered; an error instead of an answer; a stream that ended in an error event; one that ended
#: without a sign (never); the connection broke; nobody was there; the client left on purpose.
Told = Literal["answered", "refused", "broken", "unended", "cut", "away", "left"]
#: What is asked, and how often in a hundred.
_KINDS: Mapping[str, int] = {"stream": 45, "chat": 35, "response": 10, "embedding": 5, "leave": 5}
_PATHS = {"response": "/responses", "embedding": "/embeddings"}
_UNSEEN_S = 0.1  #: for which a gateway may not know that its client has left
_AWAY_S = 0.1  #: before somebody asks again who found nobody


class Answer(msgspec.Struct, kw_only=True):
    """How one request went; `seconds` from its first byte to the answer's last."""

    told: Told
    kind: str
    seconds: float
    status: int = 0
    decision_id: str = ""
    attempts: int = 0
    code: str = ""
    at: float = 0.0  #: when it began, on the loop's clock


class Load:
    """`connections` at once, each with a pause of up to `pause_s` between two requests."""

    def __init__(self, base_url: str, *, connections: int, pause_s: float, seed: int) -> None:
        self.answers: list[Answer] = []
        self.in_flight = 0
        self._base_url, self._pause_s, self._seed = base_url, pause_s, seed
        self._connections = connections
        self._over = False

    @property
    def under_way(self) -> int:
        """Requests that the gateway may be at work on; whose client has just left among them."""
        since = asyncio.get_running_loop().time() - _UNSEEN_S
        left = [a for a in self.answers if a.told == "left" and a.at + a.seconds > since]
        return self.in_flight + len(left)

    @property
    def answered(self) -> int:
        """Whole answers until now."""
        return sum(answer.told == "answered" for answer in self.answers)

    async def run(self) -> None:
        """Until `end`; then what is under way is waited for."""
        await asyncio.gather(*[self._connection(i) for i in range(self._connections)])

    def end(self) -> None:
        """No more requests."""
        self._over = True

    async def _connection(self, number: int) -> None:
        rng = np.random.default_rng([self._seed, number])
        kinds, shares = list(_KINDS), np.array(list(_KINDS.values())) / 100
        client = HttpClient(
            self._base_url,
            headers=[
                (b"content-type", b"application/json"), (b"authorization", f"Bearer {KEY}".encode())
            ],
            connect_timeout_s=2.0,
            max_connections=1,
        )  # fmt: skip
        count = 0
        while not self._over:
            await asyncio.sleep(float(rng.uniform(0, self._pause_s)))
            kind = kinds[int(rng.choice(len(kinds), p=shares))]
            count += 1
            answer = await self._ask(client, kind, f"question {count} of connection {number}")
            self.answers.append(answer)
            if answer.told == "away":
                await asyncio.sleep(_AWAY_S)
        await client.aclose()

    async def _ask(self, client: HttpClient, kind: str, text: str) -> Answer:
        now = asyncio.get_running_loop().time
        start = now()
        self.in_flight += 1
        try:
            response = await client.request(
                "POST", _PATHS.get(kind, "/chat/completions"), body=_body(kind, text)
            )
            found = await _read(response, kind)
        except NotConnectedError:
            found = Answer(told="away", kind=kind, seconds=0.0)
        except HttpError as error:
            found = Answer(told="cut", kind=kind, seconds=0.0, code=str(error))
        finally:
            self.in_flight -= 1
        found.at, found.seconds = start, now() - start
        return found


def _body(kind: str, text: str) -> bytes:
    body: dict[str, Any] = {"model": "gairp/auto"}
    if kind == "response":
        body |= {"input": text, "stream": True, "max_output_tokens": 64}
    elif kind == "embedding":
        body |= {"input": text}
    else:
        body |= {"messages": [{"role": "user", "content": text}], "max_tokens": 64}
        body |= {} if kind == "chat" else {"stream": True}
    return json.dumps(body).encode()


async def _read(response: Response, kind: str) -> Answer:
    """To the last byte, or to the first piece for those who leave."""
    answer = Answer(
        told="answered",
        kind=kind,
        seconds=0.0,
        status=response.status,
        decision_id=(response.header(b"x-gairp-decision-id") or b"").decode(),
        attempts=int(response.header(b"x-gairp-attempts") or 0),
    )
    if kind == "leave" and response.status == 200:
        async for _ in response:
            break
        response.close()
        answer.told = "left"
        return answer
    data = await response.read()
    if response.status != 200:
        answer.told, answer.code = "refused", _code(data)
    elif kind in ("stream", "leave", "response"):
        answer.told = _ended(data)
    return answer


def _ended(stream: bytes) -> Told:
    last = stream.rstrip().rpartition(b"\n\n")[2]
    if last.startswith(b'data: {"error":') or b"event: error" in last:
        return "broken"
    return "answered" if b"[DONE]" in last or b"response.completed" in last else "unended"


def _code(data: bytes) -> str:
    try:
        return str(json.loads(data)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "?"
