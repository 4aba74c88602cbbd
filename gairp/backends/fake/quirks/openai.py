"""OpenAI: a key is needed, its beginning and end come back in the refusal, fields are checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gairp.backends.fake.http import Received
from gairp.backends.fake.piece import Reply
from gairp.backends.fake.quirks.plain import Quirks

#: What requests may hold, of all endpoints together.
_FIELDS = """
model messages prompt input instructions stream stream_options temperature top_p n stop seed
max_tokens max_completion_tokens max_output_tokens presence_penalty frequency_penalty
logit_bias logprobs top_logprobs response_format text tools tool_choice parallel_tool_calls
functions function_call user metadata store reasoning reasoning_effort service_tier
modalities audio prediction verbosity web_search_options safety_identifier prompt_cache_key
include previous_response_id truncation background conversation max_tool_calls best_of echo
suffix dimensions encoding_format prompt_cache_retention moderation
"""
KNOWN = frozenset(_FIELDS.split())


class OpenAI(Quirks):
    """As api.openai.com."""

    name = "openai"
    needs_key = True

    def check(self, received: Received, body: Mapping[str, Any]) -> Reply | None:
        """Fields that OpenAI does not know are refused."""
        unknown = next((field for field in body if field not in KNOWN), None)
        if unknown is not None:
            text = f"Unrecognized request argument supplied: {unknown}"
            return self.error(400, message=text)
        if not body.get("model"):
            return self.error(400, message="you must provide a model parameter")
        return None
