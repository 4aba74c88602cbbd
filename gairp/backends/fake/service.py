"""From a request to its reply: checks, limits, the model, the faults."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from gairp.backends.fake import desk
from gairp.backends.fake.armoury import Armoury
from gairp.backends.fake.ask import Operation
from gairp.backends.fake.faults import Fault
from gairp.backends.fake.http import EVENTS, Received, head, whole
from gairp.backends.fake.ledger import Call, End, Ledger
from gairp.backends.fake.model import Model
from gairp.backends.fake.piece import Piece, Reply
from gairp.backends.fake.program import Program
from gairp.backends.fake.quirks import quirks
from gairp.backends.fake.reading import operation, read
from gairp.backends.fake.scene import Scene
from gairp.backends.fake.tokens import count_words
from gairp.backends.fake.wire.completion import Completion
from gairp.backends.fake.wire.table import WIRES
from gairp.rng import DecisionRng


class Turn(msgspec.Struct, kw_only=True):
    """One request while it is served."""

    received: Received
    call: Call | None = None  #: of requests to a model
    model: Model | None = None  #: of which it holds a place


class Service:
    """All that a server knows; raises ConfigError for a program that does not hold together."""

    def __init__(self, program: Program, ledger: Ledger) -> None:
        self.program, self.ledger = program, ledger
        self.quirks = quirks(program.quirks)
        self.models = {name: Model(name, spec) for name, spec in program.models.items()}
        self._armoury = Armoury(program.faults, seed=program.seed)
        self._decoder = msgspec.json.Decoder(dict[str, Any])

    async def reply(self, turn: Turn) -> Reply:
        """The reply; what is open in the turn is given back by `close`."""
        received = turn.received
        asked = operation(received.path) if received.method == "POST" else None
        if asked is None:
            return desk.reply(self, received)
        name = received.headers.get("x-gairp-call") or received.headers.get("x-request-id")
        turn.call = self.ledger.open(name, received.path)
        reply = await self._answer(turn, turn.call, asked)
        turn.call.status = reply.status
        return reply

    def close(self, turn: Turn, ended: End) -> None:
        """The turn is over, well or not."""
        call = turn.call
        if call is None:
            return
        if turn.model is not None:
            turn.model.slots.release()
            turn.model.tokens_in_use -= call.input_tokens + call.output_tokens
        if ended == "answered" and (call.status != 200 or not call.worked):
            ended = "refused"
        custom = self.program
        left = custom.cancelled_stream if call.stream else custom.cancelled_whole
        self.ledger.close(call, ended, cancelled=left)

    async def _answer(self, turn: Turn, call: Call, asked: Operation) -> Reply:
        scene = self._scene(turn.received, call, asked)
        if isinstance(scene, Reply):
            return scene
        if self.program.keys and self.quirks.key(turn.received) not in self.program.keys:
            return self.quirks.error(401)
        faults = self._armoury.strike(call)
        refusals = (fault.refuse(scene) for fault in faults)
        if refused := next((reply for reply in refusals if reply is not None), None):
            return refused
        model = self._admitted(call.model)
        if isinstance(model, Reply):
            return model
        await model.slots.acquire()
        turn.model = model
        return self._work(model, scene, faults)

    def _scene(self, received: Received, call: Call, asked: Operation) -> Scene | Reply:
        rng = DecisionRng(self.program.seed, call.id, call.attempt)
        try:
            ask = read(asked, self._decoder.decode(received.body), rng)
        except msgspec.DecodeError as error:
            return self.quirks.error(400, message=f"The body is not a JSON object: {error}")
        except KeyError as missing:
            key = str(missing.args[0])
            text, code = f"Missing required parameter: '{key}'.", "missing_required_parameter"
            return self.quirks.error(400, message=text, code=code, param=key)
        call.model, call.stream = ask.model, ask.stream
        return Scene(received=received, ask=ask, call=call, quirks=self.quirks)

    def _admitted(self, name: str) -> Model | Reply:
        model = self.models.get(name) or self.models.get("*")
        if model is None:
            text = f"The model `{name}` does not exist or you do not have access to it."
            return self.quirks.error(404, message=text)
        wait_s = model.rate.wait_s(asyncio.get_running_loop().time())
        if wait_s > 0:
            return self.quirks.error(429, headers=[("Retry-After", f"{wait_s:.3f}")])
        return self.quirks.error(503) if model.slots.full else model

    def _work(self, model: Model, scene: Scene, faults: Sequence[Fault]) -> Reply:
        ask, call = scene.ask, scene.call
        answer = model.answer(ask)
        prompt = answer.input_tokens
        prompt = sum([count_words(text) for text in ask.texts]) if prompt is None else prompt
        asked = prompt + (ask.max_tokens or 0)
        if model.spec.max_context is not None and asked > model.spec.max_context:
            return self.quirks.overflow(model.spec.max_context, asked=asked)
        completion = model.complete(ask, answer, id=f"chatcmpl-{call.number}", input_tokens=prompt)
        for fault in faults:
            completion = fault.reword(completion, scene)
        call.worked = True
        call.input_tokens, call.output_tokens = prompt, completion.output_tokens
        model.tokens_in_use += prompt + completion.output_tokens
        reply = _encoded(model, completion)
        for fault in faults:
            reply = fault.rewrite(reply, scene)
        return reply


def _encoded(model: Model, completion: Completion) -> Reply:
    wire = WIRES[completion.ask.operation]
    if completion.ask.stream:
        pieces = _headed(model.paced(wire.stream(completion), completion))
        return Reply(status=200, pieces=pieces, chunked=True, stream=True)
    body = msgspec.json.encode(wire.whole(completion))
    return whole(200, body, wait_s=model.whole_s(completion), tokens=completion.output_tokens)


def _headed(pieces: Iterator[Piece]) -> Iterator[Piece]:
    yield head(200, content_type=EVENTS)
    yield from pieces
