"""The servers behind the gateway: three fake ones that time out, reset, drip, refuse and die."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from benchmarks.soak.child import Child, free_port
from gairp.backends.fake import Call

#: USD a million tokens, in and out.
PRICES: Mapping[str, tuple[float, float]] = {
    "quick": (0.2, 0.8), "steady": (1.0, 4.0), "mortal": (0.5, 2.0),
}  # fmt: skip
#: What strikes whom, and how often a call in a hundred.
FAULTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "quick": {
        "hang_before_headers": {"in_100": 1.0},
        "hang_midstream": {"in_100": 1.0},
        "slow_drip": {"in_100": 1.5, "every_s": 0.002, "only": "stream"},
        "reset_before_headers": {"in_100": 1.5},
        "status_500": {"in_100": 3.0},
    },
    "steady": {
        "reset_midstream": {"in_100": 1.5, "after_chunks": 3},
        "end_midstream": {"in_100": 1.0, "only": "stream"},
        "error_event": {"in_100": 1.0, "after_chunks": 2},
        "truncated_body": {"in_100": 1.0, "only": "whole"},
        "status_503": {"in_100": 2.0},
    },
    "mortal": {
        "status_429": {"in_100": 4.0, "retry_after_s": 1.0},
        "reset_after_headers": {"in_100": 1.0},
        "garbage_json": {"in_100": 1.0, "only": "whole"},
        "close_midstream": {"in_100": 1.0},
    },
}
_WORDS = "the answer goes on word by word until all of it has been said and nothing is left to say"


class Charge(msgspec.Struct, kw_only=True):
    """What a server says of one attempt: how often it came, and the tokens that it charges."""

    came: int = 0
    billed: int = 0  #: how often it was charged
    input_tokens: int = 0
    output_tokens: int = 0


class Mock:
    """One fake server in a process of its own; its account is a file, which a kill leaves."""

    def __init__(self, name: str, folder: Path, *, faults: bool = True) -> None:
        self.name, self.port = name, free_port()
        self._calls = folder / f"{name}.calls"
        path = folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(program_of(name, faults=faults)), encoding="utf-8")
        command = [
            sys.executable, "-m", "gairp.backends.fake", "--port", str(self.port),
            "--program", str(path), "--calls", str(self._calls),
        ]  # fmt: skip
        self.child = Child(command, log=folder / f"{name}.log", port=self.port)

    @property
    def base_url(self) -> str:
        """What the gateway takes as its address."""
        return f"http://127.0.0.1:{self.port}/v1"

    def calls(self) -> Iterable[Call]:
        """Its account, oldest first; a last line that a kill cut off is left out."""
        if not self._calls.exists():
            return []
        lines = self._calls.read_bytes().split(b"\n")[:-1]
        return [msgspec.json.decode(line, type=Call) for line in lines]


def program_of(name: str, *, faults: bool) -> dict[str, Any]:
    """The program of one server: an answer of 17 words in 25 to 60 ms, unless a fault strikes."""
    struck = [
        {"kind": kind, "when": f"probability {rule['in_100'] / 100:g}",
         **{key: value for key, value in rule.items() if key != "in_100"}}
        for kind, rule in FAULTS[name].items()
    ]  # fmt: skip
    model = {
        "answer": {"text": _WORDS},
        "first_token_s": {"uniform": [0.005, 0.03]},
        "per_token_s": {"uniform": [0.001, 0.002]},
    }
    return {"seed": 7, "models": {name: model}, "faults": struck if faults else []}


def charges(mocks: Iterable[Mock]) -> dict[str, Charge]:
    """By attempt id. What a server had begun when it was killed is charged whole."""
    found: dict[str, Charge] = {}
    for mock in mocks:
        last: dict[tuple[str, int], Call] = {}
        for call in mock.calls():
            charge = found.setdefault(call.id, Charge())
            charge.came += call.ended == "open"  # an answer begins
            last[call.id, call.number] = call
        for (name, _), call in last.items():
            charge = found[name]
            charge.billed += bool(call.billed_input or call.billed_output)
            charge.input_tokens += call.billed_input
            charge.output_tokens += call.billed_output
    return found


def usd(arm: str, input_tokens: int, output_tokens: int) -> float:
    """What a call costs by the price list."""
    into, out = PRICES[arm]
    return (into * input_tokens + out * output_tokens) * 1e-6
