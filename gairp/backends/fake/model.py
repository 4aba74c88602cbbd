"""One model at work: asks its script, cuts the answer into tokens, takes its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gairp.backends.fake.answer import Answer
from gairp.backends.fake.ask import Ask
from gairp.backends.fake.laws import law
from gairp.backends.fake.limits import Rate, Slots
from gairp.backends.fake.piece import Piece
from gairp.backends.fake.program import ModelSpec
from gairp.backends.fake.scripts import script
from gairp.backends.fake.structured import formed
from gairp.backends.fake.tokens import words
from gairp.backends.fake.wire.completion import Completion

_NOTHING = Answer()


class Model:
    """A `ModelSpec` that runs; raises ConfigError where a law or a script is none."""

    def __init__(self, name: str, spec: ModelSpec) -> None:
        self.name, self.spec = name, spec
        self.slots = Slots(spec.slots, max_queue=spec.max_queue)
        self.rate = Rate(spec.requests_per_minute)
        self.tokens_in_use = 0
        self.input_tokens = self.output_tokens = 0  #: of all calls
        self._script = script(spec.answer, key=f"models.{name}.answer")
        self._first = law(spec.first_token_s, key=f"models.{name}.first_token_s")
        self._each = law(spec.per_token_s, key=f"models.{name}.per_token_s")

    def answer(self, ask: Ask) -> Answer:
        """What the script says, in the form that is asked for."""
        if ask.operation == "embedding":
            return _NOTHING
        said = self._script(ask)
        return formed(Answer(text=said) if isinstance(said, str) else said, ask)

    def complete(self, ask: Ask, answer: Answer, *, id: str, input_tokens: int) -> Completion:
        """The answer, cut to the length that was asked for."""
        tokens: Sequence[str] = words(answer.text)
        cut = ask.max_tokens is not None and len(tokens) > ask.max_tokens
        finish = "length" if cut else "tool_calls" if answer.tool_calls else "stop"
        tokens = tokens[: ask.max_tokens] if cut else tokens
        output = _output_tokens(answer, tokens)
        return Completion(
            id=id,
            model=self.spec.answers_as or (ask.model if self.name == "*" else self.name),
            ask=ask,
            answer=answer,
            tokens=tokens,
            finish_reason=answer.finish_reason or finish,
            tool_calls=answer.tool_calls,
            input_tokens=input_tokens,
            output_tokens=output,
            cached_tokens=min(self.spec.cached_tokens, input_tokens),
            embedding_size=self.spec.embedding_size,
            usage=(input_tokens, output),
        )

    def worked(self, prompt: int, output: int) -> None:
        """A call has begun that takes so many tokens."""
        self.tokens_in_use += prompt + output
        self.input_tokens += prompt
        self.output_tokens += output

    def paced(self, pieces: Iterator[Piece], completion: Completion) -> Iterator[Piece]:
        """The events of a stream, each after its time."""
        first = True
        for piece in pieces:
            if piece.role == "open":
                piece.wait_s = self.first_s(completion)
            elif piece.role == "text":
                piece.wait_s = 0.0 if first else self.each_s(completion)
                first = False
            yield piece

    def whole_s(self, completion: Completion) -> float:
        """Seconds until the last token."""
        rest = max(completion.output_tokens - 1, 0)
        return self.first_s(completion) + sum([self.each_s(completion) for _ in range(rest)])

    def first_s(self, completion: Completion) -> float:
        """Seconds until the first token, under the load of now."""
        given = completion.answer.first_token_s
        return (self._first(completion.ask.rng) if given is None else given) * self._stretch()

    def each_s(self, completion: Completion) -> float:
        """Seconds for one more token, under the load of now."""
        given = completion.answer.per_token_s
        return (self._each(completion.ask.rng) if given is None else given) * self._stretch()

    def _stretch(self) -> float:
        return 1.0 + self.spec.slowdown * max(self.slots.running - 1, 0)


def _output_tokens(answer: Answer, tokens: Sequence[str]) -> int:
    called = sum([1 + len(call.arguments) for call in answer.tool_calls])
    return len(tokens) + called if answer.output_tokens is None else answer.output_tokens
