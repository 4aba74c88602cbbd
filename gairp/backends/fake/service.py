"""From a request to its reply: checks, limits, the model, the faults."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gairp.backends.fake import desk
from gairp.backends.fake.answer import Answer
from gairp.backends.fake.armoury import Armoury
from gairp.backends.fake.ask import Ask, Operation
from gairp.backends.fake.encoding import encoded
from gairp.backends.fake.faults import Fault
from gairp.backends.fake.http import Received
from gairp.backends.fake.ledger import Call, End, Ledger
from gairp.backends.fake.model import Model
from gairp.backends.fake.piece import Reply
from gairp.backends.fake.program import Program
from gairp.backends.fake.quirks import quirks
from gairp.backends.fake.reading import operation, read
from gairp.backends.fake.scene import Scene
from gairp.backends.fake.tokens import count_words
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
        body = self._body(received)
        call = turn.call = self.ledger.open(_call_id(received, body), received.path)
        call.model, call.stream = self.quirks.model(received, body), bool(body.get("stream"))
        reply = await self._answer(turn, call, asked, body)
        call.status = reply.status
        self.ledger.began(call)
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

    async def _answer(
        self, turn: Turn, call: Call, asked: Operation, body: Mapping[str, Any]
    ) -> Reply:
        refused = self._refused(turn.received, body)
        ask = refused or self._ask(call, asked, body)
        if isinstance(ask, Reply):
            return ask
        scene = Scene(received=turn.received, ask=ask, call=call, quirks=self.quirks)
        faults = self._armoury.strike(call)
        refusals = (fault.refuse(scene) for fault in faults)
        refused = next((reply for reply in refusals if reply is not None), None)
        model = refused or self._admitted(call.model)
        if isinstance(model, Reply):
            return model
        await model.slots.acquire()
        turn.model = model
        return self._work(model, scene, faults)

    def _body(self, received: Received) -> Mapping[str, Any]:
        """The JSON object of a request; empty where it is none, so that everything is missing."""
        try:
            return self._decoder.decode(received.body)
        except msgspec.DecodeError:
            return {}

    def _refused(self, received: Received, body: Mapping[str, Any]) -> Reply | None:
        """What the vendor refuses without a look at the question."""
        key, keys = self.quirks.key(received), self.program.keys
        if key not in keys if keys else self.quirks.needs_key and key is None:
            return self.quirks.no_key()
        return self.quirks.check(received, body)

    def _ask(self, call: Call, asked: Operation, body: Mapping[str, Any]) -> Ask | Reply:
        rng = DecisionRng(self.program.seed, call.id, call.attempt)
        try:
            ask = read(asked, call.model, body, rng)
        except KeyError as missing:
            key = str(missing.args[0])
            text, code = f"Missing required parameter: '{key}'.", "missing_required_parameter"
            return self.quirks.error(400, message=text, code=code, param=key)
        if self.quirks.usage_unasked():
            ask.include_usage = True
        return ask

    def _admitted(self, name: str) -> Model | Reply:
        model = self.models.get(name) or self.models.get("*")
        if model is None and self.quirks.any_model:
            model = next(iter(self.models.values()), None)
        if model is None:
            return self.quirks.unknown_model(name)
        wait_s = model.rate.wait_s(asyncio.get_running_loop().time())
        if wait_s > 0:
            return self.quirks.error(429, headers=[("Retry-After", f"{math.ceil(wait_s)}")])
        return self.quirks.error(503) if model.slots.full else model

    def _work(self, model: Model, scene: Scene, faults: Sequence[Fault]) -> Reply:
        ask, call = scene.ask, scene.call
        for fault in faults:
            fault.reask(ask)
        answer = model.answer(ask)
        prompt = self._prompt_tokens(model, ask, answer)
        if isinstance(prompt, Reply):
            return prompt
        completion = model.complete(ask, answer, id=str(call.number), input_tokens=prompt)
        for fault in faults:
            completion = fault.reword(completion)
        call.worked = True
        call.input_tokens, call.output_tokens = prompt, completion.output_tokens
        model.worked(prompt, completion.output_tokens)
        reply = encoded(model, completion, self.quirks)
        for fault in faults:
            reply = fault.rewrite(reply, scene, completion)
        return reply

    def _prompt_tokens(self, model: Model, ask: Ask, answer: Answer) -> int | Reply:
        """How many there are; the vendor's refusal, or a cut, where they do not fit."""
        prompt = answer.input_tokens
        prompt = sum([count_words(text) for text in ask.texts]) if prompt is None else prompt
        limit, wanted = model.spec.max_context, ask.max_tokens or 0
        if limit is None or prompt + wanted <= limit:
            return prompt
        if self.quirks.cuts_prompts:
            return min(prompt, max(limit - wanted, 0))
        return self.quirks.overflow(limit, prompt, wanted)


def _call_id(received: Received, body: Mapping[str, Any]) -> str | None:
    """What the client calls its request: by a header, else as its `user`."""
    headers = received.headers
    names = ("x-gairp-call", "x-client-request-id", "x-request-id")
    found = next((headers[name] for name in names if headers.get(name)), body.get("user"))
    return None if found is None else str(found)
