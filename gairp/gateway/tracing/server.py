"""Who is behind an arm, as the semantic conventions name it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gairp.gateway.exchange.upstream import Upstream
from gairp.types import Arm

#: End of a host's name -> `gen_ai.provider.name`; other servers go by the name of their backend.
_PROVIDERS: Mapping[str, str] = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "amazonaws.com": "aws.bedrock",
    "api.mistral.ai": "mistral_ai",
    "api.groq.com": "groq",
    "api.deepseek.com": "deepseek",
    "api.x.ai": "x_ai",
    "api.perplexity.ai": "perplexity",
    "api.cohere.com": "cohere",
    "api.moonshot.ai": "moonshot_ai",
}


class Server(NamedTuple):
    """Model and place of an arm."""

    model: str
    provider: str
    host: str
    port: int


def servers_of(arms: Mapping[str, Arm], upstreams: Mapping[str, Upstream]) -> dict[str, Server]:
    """By arm."""
    found = {}
    for name, arm in arms.items():
        host, port = upstreams[arm.backend].place
        found[name] = Server(arm.model, provider_of(host, arm.backend), host, port)
    return found


def provider_of(host: str, otherwise: str) -> str:
    """The well-known name of whoever has this host."""
    for end, provider in _PROVIDERS.items():
        if host == end or host.endswith(f".{end}"):
            return provider
    return otherwise
