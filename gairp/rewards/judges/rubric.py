"""What a judge is asked, and what its words are worth."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from gairp.errors import ConfigError
from gairp.rewards.judges.fence import fenced, mark_for, quoted
from gairp.rewards.judges.verdict import read_verdict

_FIELD = re.compile(r"\{(\w+)\}")
_KNOWN = {"question", "answer", "first", "second", "reference", "mark"}


class Rubric:
    """A question to a judge, and the quality that each label of its verdict means.

    `ask` holds fields in braces: `{question}`, `{answer}` and `{reference}`, or `{first}` and
    `{second}` for a comparison. Each becomes a fenced block under its own name, and `{mark}` is the
    mark that the fences bear. With `fence` at `quote` each becomes a JSON string instead: no text
    gets out of either, and small judges cope better with quotes. `ask_with_reference` is used where
    there is a right answer to show.

    `labels` maps verdicts to qualities in [0, 1]; the judge gives one after `marker` and a colon,
    or as the first word of its reply. `examples` are worked cases, shown as earlier turns in the
    same form: texts by field, and the right label as `verdict`.

    Raises ConfigError for an unknown field, fewer than two labels or a quality outside [0, 1].
    """

    def __init__(
        self,
        *,
        ask: str,
        labels: Mapping[str, float],
        system: str = "",
        ask_with_reference: str | None = None,
        marker: str = "Verdict",
        fence: Literal["block", "quote"] = "block",
        examples: Sequence[Mapping[str, str]] = (),
    ) -> None:
        self.ask, self.system, self.marker = ask, system, marker
        self.ask_with_reference = ask_with_reference
        self.fence: Literal["block", "quote"] = fence
        self.examples = tuple(dict(example) for example in examples)
        self.labels = _worth(labels)
        for key, text in (("ask", ask), ("ask_with_reference", ask_with_reference or "")):
            if unknown := set(_FIELD.findall(text)) - _KNOWN:
                raise ConfigError(
                    f"rubric.{key}: no field {{{min(unknown)}}}; there are: "
                    f"{', '.join(sorted(_KNOWN))}"
                )
        if fence not in ("block", "quote"):
            raise ConfigError(f"rubric.fence: {fence!r} is unknown; there are: block, quote")
        for example in self.examples:
            if example.get("verdict") not in self.labels:
                raise ConfigError(
                    f"rubric.examples: the verdict {example.get('verdict')!r} is no label; there "
                    f"are: {', '.join(self.labels)}"
                )

    def describe(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return dict(vars(self))

    def require(self, *fields: str) -> None:
        """Raises ConfigError where `ask` leaves one of these out."""
        for field in fields:
            if f"{{{field}}}" not in self.ask:
                raise ConfigError(f"rubric.ask: {{{field}}} is missing; this judge must show it")

    def messages(
        self, fields: Mapping[str, str], reference: str | None
    ) -> tuple[dict[str, str], ...]:
        """The conversation that asks for a verdict on these texts."""
        turns = [{"role": "system", "content": self.system}] if self.system else []
        for example in self.examples:
            texts = {key: text for key, text in example.items() if key != "verdict"}
            known = texts.pop("reference", None) if reference is not None else None
            texts.pop("reference", None)
            turns.append({"role": "user", "content": self._asked(texts, known)})
            verdict = f"{self.marker}: {example['verdict']}"
            turns.append({"role": "assistant", "content": verdict})
        return (*turns, {"role": "user", "content": self._asked(fields, reference)})

    def _asked(self, fields: Mapping[str, str], reference: str | None) -> str:
        """The rubric's question about these texts, each in its fence."""
        ask, shown = self.ask, dict(fields)
        if reference is not None and self.ask_with_reference is not None:
            ask, shown = self.ask_with_reference, {**fields, "reference": reference}
        mark = mark_for(shown.values())
        blocks = {
            name: quoted(text) if self.fence == "quote" else fenced(name, text, mark)
            for name, text in shown.items()
        } | {"mark": mark}
        # In one pass: braces inside a text are not fields.
        return _FIELD.sub(lambda match: blocks.get(match.group(1), match.group()), ask)

    def read(self, reply: str) -> str | None:
        """The label of the reply's verdict, or None."""
        return read_verdict(reply, tuple(self.labels), self.marker)


def _worth(labels: Mapping[str, float]) -> dict[str, float]:
    """Quality by label; ConfigError for what is no scale."""
    if any(isinstance(label, bool) for label in labels):
        raise ConfigError("rubric.labels: YAML reads a bare yes or no as a truth; quote it")
    worth = {str(label): float(quality) for label, quality in labels.items()}
    if len(worth) < 2 or not all(0.0 <= quality <= 1.0 for quality in worth.values()):
        raise ConfigError(f"rubric.labels: {worth}: give two or more, worth 0 to 1 each")
    return worth
