"""Every vendor by name."""

from __future__ import annotations

from collections.abc import Mapping

from gairp.backends.fake.quirks.anthropic import Anthropic
from gairp.backends.fake.quirks.azure import Azure
from gairp.backends.fake.quirks.gemini import Gemini
from gairp.backends.fake.quirks.llamacpp import LlamaCpp
from gairp.backends.fake.quirks.ollama import Ollama
from gairp.backends.fake.quirks.openai import OpenAI
from gairp.backends.fake.quirks.openrouter import OpenRouter
from gairp.backends.fake.quirks.plain import Quirks
from gairp.backends.fake.quirks.tgi import Tgi
from gairp.backends.fake.quirks.vllm import Vllm
from gairp.errors import UnknownNameError

QUIRKS: Mapping[str, type[Quirks]] = {
    cls.name: cls
    for cls in (
        Quirks, OpenAI, Azure, OpenRouter, Gemini, Anthropic, Ollama, Tgi, Vllm, LlamaCpp
    )
}  # fmt: skip


def quirks(name: str) -> Quirks:
    """The manners of a vendor; raises UnknownNameError."""
    if name not in QUIRKS:
        raise UnknownNameError("quirks", name, QUIRKS)
    return QUIRKS[name]()
