"""What each vendor does in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gairp.backends.fake.faults import KINDS
from gairp.backends.fake.ledger import Call
from gairp.backends.fake.quirks import QUIRKS
from gairp.errors import UnknownNameError
from tests.backends.fake.raw import TEXT, Heard, heard

KEY = {"Authorization": "Bearer k"}
STREAM = {"stream": True, "stream_options": {"include_usage": True}}


def to(
    vendor: str, body: Mapping[str, Any] | None = None, *, faults: Any = (), **kwargs: Any
) -> tuple[Heard, Call]:
    """One call to a vendor's server; its models are called `m` and `v/m`."""
    spec = {"answer": {"text": TEXT}, "max_context": 100}
    program = {"quirks": vendor, "models": {"m": spec, "v/m": spec}, "faults": faults}
    return heard(program, body, **{"headers": KEY, **kwargs})


def test_an_unknown_vendor() -> None:
    """The others are named."""
    with pytest.raises(
        UnknownNameError, match="unknown quirks 'mine'; there are: anthropic, azure"
    ):
        to("mine")


@pytest.mark.parametrize("vendor", QUIRKS)
def test_who_needs_a_key(vendor: str) -> None:
    """The hosted ones do; all of them refuse a wrong one."""
    hosted = {"openai", "azure", "openrouter", "gemini", "anthropic"}
    body = {"model": "v/m"}
    status = to(vendor, body, headers={})[0].status
    refused = 400 if vendor == "gemini" else 401
    assert status == (refused if vendor in hosted else 200)
    wrong, call = heard({"quirks": vendor, "keys": ["right"]}, body, headers=KEY)
    assert (wrong.status, call.billed_input) == (refused, 0)


@pytest.mark.parametrize("vendor", QUIRKS)
def test_how_errors_look(vendor: str) -> None:
    """Each in its own shape, with the same message."""
    fault = KINDS["status"](status=429, message="slow down")  # type: ignore[call-arg]
    body = to(vendor, {"model": "v/m"}, faults=[fault])[0].json
    match vendor:
        case "gemini":
            assert body[0]["error"]["status"] == "RESOURCE_EXHAUSTED"
            assert body[0]["error"]["details"][0]["retryDelay"] == "34s"
        case "tgi":
            assert body == {"error": "Model is overloaded", "error_type": "overloaded"}
        case "azure":
            assert body == {"error": {"code": "429", "message": "slow down"}}
        case "openrouter":
            assert body["error"] == {"code": 429, "message": "slow down"}
        case "vllm":
            assert body["error"]["type"] == "RateLimitError"
        case "llamacpp":
            assert body["error"]["code"] == 429
        case "ollama":
            assert body["error"]["type"] == "api_error"
        case "anthropic":
            assert body["error"]["type"] == "rate_limit_error"
        case _:
            assert body["error"]["code"] == "rate_limit_exceeded"


OVERFLOWS = {
    "plain": (400, "maximum context length is 100 tokens"),
    "openai": (400, "maximum context length is 100 tokens"),
    "azure": (400, "maximum context length is 100 tokens"),
    "openrouter": (400, "maximum context length is 100 tokens"),
    "gemini": (400, "The input token count (3) exceeds"),
    "anthropic": (400, "prompt is too long: 3 tokens > 100 maximum"),
    "tgi": (422, "Given: 3 `inputs` tokens and 98 `max_new_tokens`"),
    "vllm": (400, "maximum context length is 100 tokens"),
    "llamacpp": (400, "exceeds the available context size (100 tokens)"),
}


@pytest.mark.parametrize("vendor", QUIRKS)
def test_prompts_that_are_too_long(vendor: str) -> None:
    """Refused in the vendor's words; Ollama cuts them and says nothing."""
    answer, call = to(vendor, {"model": "v/m", "max_tokens": 98})
    if vendor == "ollama":
        assert (answer.status, call.billed_input) == (200, 2)
        return
    status, words = OVERFLOWS[vendor]
    assert answer.status == status
    assert words in answer.body.decode()


@pytest.mark.parametrize("vendor", QUIRKS)
def test_unknown_models(vendor: str) -> None:
    """Not found; a bad request at OpenRouter; one model for all names where there is but one."""
    status = to(vendor, {"model": "v/none"})[0].status
    assert status == {"openrouter": 404, "tgi": 200, "llamacpp": 200}.get(vendor, 404) or (
        vendor == "openrouter" and status == 400
    )


@pytest.mark.parametrize("vendor", [name for name in QUIRKS if name != "gemini"])
def test_streams_are_the_same_text(vendor: str) -> None:
    """Whatever the vendor adds; usage comes at the end."""
    answer, call = to(vendor, {"model": "v/m", **STREAM})
    assert answer.text == TEXT
    usages = [e["usage"] for e in answer.events if isinstance(e, dict) and e.get("usage")]
    assert [u["completion_tokens"] for u in usages] == [6]
    assert (call.billed_output, call.finished) == (6, True)


def test_openai_refuses_what_it_does_not_know() -> None:
    """Anthropic does not mind."""
    unknown = {"model": "m", "top_k": 3}
    refused = to("openai", unknown)[0]
    assert refused.status == 400
    assert refused.json["error"]["message"] == "Unrecognized request argument supplied: top_k"
    assert to("anthropic", unknown)[0].status == 200


def test_azure() -> None:
    """The deployment is in the path, the version in the query, a chunk without choices first."""
    path = "/openai/deployments/m/chat/completions"
    assert to("azure", path=path)[0].status == 404
    ask: dict[str, Any] = {"path": f"{path}?api-version=2024-10-21", "headers": {"api-key": "k"}}
    assert to("azure", {"model": "whatever"}, **ask)[0].json["model"] == "m"
    answer, _ = to("azure", {"stream": True}, **ask)
    first, *others = [event for event in answer.events if isinstance(event, dict)]
    assert first["choices"] == []
    assert first["prompt_filter_results"][0]["content_filter_results"]["hate"]["filtered"] is False
    assert all("content_filter_results" in event["choices"][0] for event in others)
    assert to("azure", {"model": "m"}, path="/openai/v1/chat/completions")[0].status == 200


def test_openrouter() -> None:
    """Comments first, a cost with the usage, the error of a stream beside its choices."""
    assert to("openrouter", {"model": "m"})[0].status == 400
    answer, _ = to("openrouter", {"model": "v/m", "stream": True})
    assert answer.body.startswith(b": OPENROUTER PROCESSING\n\n")
    last = [e for e in answer.events if isinstance(e, dict)][-1]
    assert last["usage"]["cost"] == pytest.approx(9e-6)
    broken, _ = to("openrouter", {"model": "v/m", "stream": True}, faults=["error_event"])
    assert broken.events[-1]["error"]["code"] == 500
    assert broken.events[-1]["choices"][0]["finish_reason"] == "error"


def test_gemini() -> None:
    """No stream options, and usage all the same."""
    refused, _ = to("gemini", {"model": "m", **STREAM})
    assert refused.status == 400
    message = refused.json[0]["error"]["message"]
    assert message.endswith('Unknown name "stream_options": Cannot find field.')
    answer, _ = to("gemini", {"model": "m", "stream": True})
    assert answer.text == TEXT
    assert [e for e in answer.events if isinstance(e, dict)][-1]["usage"]["total_tokens"] == 9


def test_local_servers() -> None:
    """What they say beside OpenAI's fields."""
    assert to("vllm", {"model": "m"})[0].json["choices"][0]["stop_reason"] is None
    answer = to("llamacpp", {"model": "gpt-4"})[0].json
    assert (answer["model"], answer["timings"]["predicted_n"]) == ("m", 6)
    assert to("tgi", {"model": "tgi"})[0].json["model"] == "m"
    assert to("ollama", {"model": "m"})[0].json["system_fingerprint"] == "fp_ollama"
