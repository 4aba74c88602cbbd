"""What a fake server does, in YAML or Python: models, faults, the manners of a vendor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from gairp.backends.fake.faults import KINDS, AnyFault, Fault
from gairp.backends.fake.ledger import Bill
from gairp.errors import ConfigError, UnknownNameError


class ModelSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model: what it answers, how fast, and how much of it there is.

    Times are laws in seconds: a number, {uniform: [low, high]}, {exponential: mean} or
    {lognormal: [median, sigma]}.
    """

    answer: Any = "echo"  #: a script
    first_token_s: Any = 0.0
    per_token_s: Any = 0.0
    slowdown: float = 0.0  #: each further running call makes times longer by this share
    answers_as: str | None = None  #: the name that it reports; its own where None
    max_context: int | None = None  #: tokens of prompt and answer together
    requests_per_minute: int | None = None  #: further ones get 429 and a Retry-After
    slots: int | None = None  #: calls at once; further ones wait
    max_queue: int | None = None  #: waiting calls; further ones get 503
    kv_tokens: int = 100_000  #: the key-value cache that /metrics reports the use of
    cached_tokens: int = 0  #: reported of each prompt
    embedding_size: int = 8


def _any_model() -> dict[str, ModelSpec]:
    return {"*": ModelSpec()}


class Program(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of a server; the model `*` answers for every name that is not listed."""

    seed: int = 0
    quirks: str = "plain"
    keys: tuple[str, ...] = ()  #: accepted ones; where empty, any, even none
    models: Mapping[str, ModelSpec] = msgspec.field(default_factory=_any_model)
    faults: tuple[AnyFault, ...] = ()
    cancelled_whole: Bill = "all"  #: charged where the client leaves before a whole answer
    cancelled_stream: Bill = "sent"

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """From plain values, as YAML gives them; raises ConfigError with the place."""
        if not isinstance(data, Mapping):
            raise ConfigError(f"fake server: {data!r} is no map of seed, models, faults and so on")
        try:
            plain = dict(data) | {"faults": [_fault(f) for f in data.get("faults") or ()]}
            return msgspec.convert(plain, cls)
        except msgspec.ValidationError as error:
            raise ConfigError(f"fake server: {error}") from error

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """From a YAML file; raises ConfigError."""
        import yaml

        try:
            data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(f"{path}: cannot be read as YAML: {error}") from error
        try:
            return cls.of(data or {})
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error


def _fault(value: Any) -> Any:
    """A name alone is a fault with its defaults; `status_503` is the status 503."""
    if isinstance(value, Fault):
        return value
    plain = {"kind": value} if isinstance(value, str) else dict(value)
    kind = str(plain.get("kind", ""))
    if kind.startswith("status_") and kind[7:].isdigit():
        plain |= {"kind": "status", "status": int(kind[7:])}
    if plain.get("kind") not in KINDS:
        raise UnknownNameError("kind of fault", kind, KINDS)
    return plain
