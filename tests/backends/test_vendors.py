"""Every vendor's option of the group `backend`, against a server with that vendor's manners."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from gairp.backends.fake import FakeServer
from gairp.backends.fake.quirks import QUIRKS
from gairp.backends.http import HttpBackend
from gairp.backends.openai import OpenAIBackend
from gairp.protocols import Backend
from gairp.run import CONF
from gairp.types import Arm, Request, Response

KEY = "the-key-of-these-tests"
TEXT = "The capital of France is Paris, which lies on the river Seine, and has done so for long."


class Vendor(NamedTuple):
    """One option: whose manners it meets, where its key and address come from."""

    quirks: str
    key: str | None = None  #: variable
    address: str | None = None  #: variable of local servers, of Azure the resource
    default: str = ""  #: address where nothing is set
    asked: str = "asked"
    served: str = "served"


VENDORS = {
    "openai": Vendor("openai", "OPENAI_API_KEY", served="asked-2025-01-31"),
    "openai_responses": Vendor("openai", "OPENAI_API_KEY", served="asked-2025-01-31"),
    "azure_openai": Vendor("azure", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"),
    "anthropic": Vendor("anthropic", "ANTHROPIC_API_KEY", default="https://api.anthropic.com/v1"),
    "google": Vendor(
        "gemini",
        "GEMINI_API_KEY",
        default="https://generativelanguage.googleapis.com/v1beta/openai",
    ),
    "openrouter": Vendor(
        "openrouter",
        "OPENROUTER_API_KEY",
        default="https://openrouter.ai/api/v1",
        asked="vendor/asked",
        served="vendor/served",
    ),
    "ollama": Vendor("ollama", None, "OLLAMA_BASE_URL", "http://127.0.0.1:11434/v1"),
    "vllm_url": Vendor("vllm", None, "VLLM_BASE_URL", "http://127.0.0.1:8000/v1"),
    "tgi": Vendor("tgi", None, "TGI_BASE_URL", "http://127.0.0.1:8080/v1", served="tgi"),
    "llamacpp_url": Vendor("llamacpp", None, "LLAMACPP_BASE_URL", "http://127.0.0.1:8080/v1"),
    "custom": Vendor("plain"),
    "http": Vendor("plain"),
}
STARTED_BY_US = {"llamacpp", "vllm"}
ANYWHERE = {"custom", "http"}  #: with every setting, and an address that must be given
VARIABLES = {name for v in VENDORS.values() for name in (v.key, v.address) if name}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "OPENAI_BASE_URL", "GAIRP_SECRETS"):
        monkeypatch.delenv(name, raising=False)


def settings(option: str, *overrides: str) -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", [f"+backend={option}", *overrides])
    plain: Any = OmegaConf.to_container(config.backend, resolve=True, throw_on_missing=True)
    return dict(plain)


class Asked(NamedTuple):
    """What a server and its client made of a call."""

    response: Response
    texts: list[str]
    server: FakeServer


def ask(
    option: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    faults: list[Any] | None = None,
    key: str = KEY,
    request: Request | None = None,
    spec: Mapping[str, Any] | None = None,
    overrides: tuple[str, ...] = (),
) -> Asked:
    """Ask the vendor's server through the vendor's option, streamed to the end."""
    vendor = VENDORS[option]
    model = {"answer": {"text": TEXT}, "answers_as": vendor.served, **(spec or {})}
    program = {
        "quirks": vendor.quirks,
        "keys": [KEY] if vendor.key else [],
        "models": {vendor.asked: model},
        "faults": faults or [],
    }

    async def run() -> Asked:
        async with FakeServer(program) as server:
            backend = built(option, server, key, monkeypatch, overrides)
            arm = Arm(name="arm", model=vendor.asked)
            default = Request(id="r1", messages=({"role": "user", "content": "Which is it?"},))
            try:
                *chunks, last = [c async for c in backend.stream(request or default, arm)]
            finally:
                await backend.aclose()
        assert last.response is not None
        return Asked(last.response, [chunk.text for chunk in chunks], server)

    return asyncio.run(run())


def built(
    option: str,
    server: FakeServer,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    overrides: tuple[str, ...] = (),
) -> Backend:
    """The option as it ships, but for the host."""
    vendor = VENDORS[option]
    if vendor.key:
        monkeypatch.setenv(vendor.key, key)
    if option == "azure_openai":
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"{server.address}/")
        config = settings(option, *overrides)
    elif vendor.address:
        monkeypatch.setenv(vendor.address, server.base_url)
        config = settings(option, *overrides)
    else:
        config = settings(option, f"backend.base_url={server.base_url}", *overrides)
    backend = instantiate(config, _convert_="all")
    assert isinstance(backend, HttpBackend if option == "http" else OpenAIBackend)
    return backend


def test_every_option_is_tested() -> None:
    options = {path.stem for path in (CONF / "backend").glob("*.yaml")}
    assert options == set(VENDORS) | STARTED_BY_US
    assert {vendor.quirks for vendor in VENDORS.values()} == set(QUIRKS)


def test_the_client_of_our_own_reaches_the_address_that_it_is_given() -> None:
    async def model() -> str:
        async with FakeServer({"models": {"m": {"answer": {"text": TEXT}}}}) as server:
            backend = instantiate(settings("http", f"backend.base_url={server.base_url}"))
            try:
                request = Request(id="r1", messages=({"role": "user", "content": "Which is it?"},))
                return str((await backend.complete(request, Arm(name="arm", model="m"))).content)
            finally:
                await backend.aclose()

    assert asyncio.run(model()) == TEXT


@pytest.mark.parametrize("option", VENDORS)
def test_the_address_is_the_vendors(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = VENDORS[option]
    prefix = FakeServer({"quirks": vendor.quirks}).base_url.partition(":0")[2]
    if vendor.default:
        base_url = settings(option)["base_url"]
        assert base_url == vendor.default
        assert urlsplit(base_url).path == prefix
    elif option == "azure_openai":
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com")
        assert settings(option)["base_url"] == "https://mine.openai.azure.com/openai/v1"
    elif option not in ANYWHERE:
        assert settings(option)["base_url"] is None


@pytest.mark.parametrize("option", VENDORS)
def test_answers(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = VENDORS[option]
    response, texts, server = ask(
        option, monkeypatch, spec={"first_token_s": 0.02, "per_token_s": 0.002, "cached_tokens": 1}
    )
    assert response.error is None
    assert response.content == TEXT == "".join(texts)
    assert response.model == vendor.served
    assert response.finish_reason == "stop"
    assert response.first_token_s >= 0.02
    assert 0 <= response.inter_token_s < response.latency_s
    (call,) = server.ledger.calls()
    usage = response.usage
    assert (usage.input_tokens, usage.output_tokens) == (call.billed_input, call.billed_output)
    assert usage.source == "reported"
    assert usage.cached_tokens == (0 if option in ("anthropic", "ollama") else 1)
    charged = (usage.input_tokens + usage.output_tokens) * 1e-6
    if option == "openrouter":
        assert response.cost_usd == pytest.approx(charged)
    else:
        assert math.isnan(response.cost_usd)


@pytest.mark.parametrize("option", VENDORS)
def test_answers_in_one_piece(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    response, texts, server = ask(
        option,
        monkeypatch,
        overrides=("backend.stream=false" if option in ANYWHERE else "+backend.stream=false",),
    )
    assert response.error is None
    assert texts == [TEXT]
    assert (response.content, response.model) == (TEXT, VENDORS[option].served)
    assert math.isnan(response.first_token_s)
    assert response.usage.output_tokens == server.ledger.calls()[0].billed_output
    assert response.usage.source == "reported"


@pytest.mark.parametrize("option", VENDORS)
def test_tool_calls(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    request = Request(
        id="r1", messages=({"role": "user", "content": "2 + 2?"},), params={"tools": [tool]}
    )
    answer = {"tool": {"name": "add", "arguments": {"of": [2, 2]}}}
    response, *_ = ask(option, monkeypatch, request=request, spec={"answer": answer})
    assert response.error is None
    assert response.finish_reason == "tool_calls"
    assert response.message is not None
    (call,) = response.message["tool_calls"]
    assert call["function"] == {"name": "add", "arguments": '{"of":[2,2]}'}
    assert call["id"]


@pytest.mark.parametrize("option", VENDORS)
def test_the_limit_of_length_is_kept(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request(
        id="r1", messages=({"role": "user", "content": "Which?"},), params={"max_tokens": 3}
    )
    response, *_ = ask(option, monkeypatch, request=request)
    assert (response.content, response.finish_reason) == ("The capital of", "length")
    assert response.usage.output_tokens == 3


@pytest.mark.parametrize("option", [name for name, vendor in VENDORS.items() if vendor.key])
def test_a_wrong_key(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    response, *_ = ask(option, monkeypatch, key="a-wrong-key-it-is")
    error = response.error
    assert error is not None
    assert (error.kind, error.retryable, error.billing_unknown) == ("auth", False, False)
    assert "api_key_env" in error.message
    assert "a-wrong-key-it-is" not in error.message
    assert "a-wrong-key-it-is" not in str(response)


@pytest.mark.parametrize("option", VENDORS)
def test_a_prompt_that_is_too_long(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request(
        id="r1", messages=({"role": "user", "content": "word " * 90},), params={"max_tokens": 30}
    )
    response, *_ = ask(option, monkeypatch, request=request, spec={"max_context": 100})
    if option == "ollama":  # which cuts the prompt, and tells it by its usage alone
        assert response.error is None
        assert response.usage.input_tokens == 70
        return
    assert response.error is not None
    assert response.error.kind == "context_overflow"
    assert not response.error.billing_unknown


@pytest.mark.parametrize("option", VENDORS)
def test_an_unknown_model(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VENDORS, option, VENDORS[option]._replace(served="other"))
    vendor, kind = VENDORS[option], "bad_request" if option == "openrouter" else "not_found"
    program = {
        "quirks": vendor.quirks,
        "keys": [KEY] if vendor.key else [],
        "models": {"another": {"answer": {"text": TEXT}}},
    }

    async def run() -> Response:
        async with FakeServer(program) as server:
            backend = built(option, server, KEY, monkeypatch)
            request = Request(id="r1", messages=({"role": "user", "content": "Which?"},))
            try:
                return await backend.complete(request, Arm(name="arm", model=vendor.asked))
            finally:
                await backend.aclose()

    response = asyncio.run(run())
    if option in ("tgi", "llamacpp_url"):  # which serve one model, whatever is asked for
        assert (response.error, response.content) == (None, TEXT)
        return
    assert response.error is not None
    assert (response.error.kind, response.error.retryable) == (kind, False)


STATUSES = {
    429: ("rate_limit", 2.0), 500: ("server", None), 503: ("server", None), 403: ("forbidden", None)
}  # fmt: skip


@pytest.mark.parametrize("option", VENDORS)
@pytest.mark.parametrize("status", STATUSES)
def test_statuses(option: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, wait = STATUSES[status]
    fault = {"kind": "status", "status": status, "retry_after_s": wait}
    response, _, server = ask(option, monkeypatch, faults=[fault])
    error = response.error
    assert error is not None
    assert (error.kind, error.status, error.retry_after_s) == (kind, status, wait)
    assert not error.billing_unknown
    assert error.message.startswith(f"127.0.0.1:{server.port}, arm 'arm', request 'r1': HTTP ")
    assert KEY not in error.message
    assert server.ledger.total.billed_output == 0


def test_google_says_in_the_body_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    response, *_ = ask("google", monkeypatch, faults=["status_429"])
    assert response.error is not None
    assert response.error.retry_after_s == 34.0


@pytest.mark.parametrize("option", VENDORS)
def test_a_missing_usage_is_counted(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    response, *_ = ask(option, monkeypatch, faults=["missing_usage"])
    assert response.error is None
    assert response.usage.source == "recounted"
    assert response.usage.output_tokens == pytest.approx(21, abs=2)


@pytest.mark.parametrize("option", VENDORS)
def test_an_error_inside_the_stream(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    response, texts, _ = ask(
        option, monkeypatch, faults=[{"kind": "error_event", "after_chunks": 3, "message": "Died."}]
    )
    error = response.error
    assert error is not None
    assert (error.kind, error.started, error.billing_unknown) == ("server", True, True)
    assert response.content == "".join(texts)
    assert response.content == "The capital of"
    assert "Died." in error.message
    assert response.usage.source == "partial"
