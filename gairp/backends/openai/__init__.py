"""Any server that speaks OpenAI's wire: chat completions or responses."""

from __future__ import annotations

from gairp.backends.openai.backend import OpenAIBackend

__all__ = ["OpenAIBackend"]
