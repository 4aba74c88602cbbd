"""The gateway's own headers; the page, the OpenAPI document and a test are made of these."""

from __future__ import annotations

from collections.abc import Mapping

#: name -> what it says. In answers.
ANSWERED: Mapping[str, str] = {
    "x-request-id": "name of the request; in errors too",
    "x-gairp-decision-id": "name of the decision that answered, for feedback and explanations",
    "x-gairp-model": "the model that answered, as its server names it",
    "x-gairp-arm": "the arm that answered",
    "x-gairp-attempts": "calls that were made",
    "x-gairp-policy": "who decided",
    "x-gairp-policy-version": "which version of it",
    "x-gairp-cost-usd": "USD of all attempts, or `unknown`; not in a stream's head, which is sent "
    "before it is known",
    "x-gairp-cache": "`off`: answers are not cached",
    "x-ratelimit-limit-requests": "requests a minute, where they are limited",
    "x-ratelimit-remaining-requests": "those that are left",
    "x-ratelimit-limit-tokens": "tokens a minute, where they are limited",
    "x-ratelimit-remaining-tokens": "those that are left",
    "retry-after": "seconds to wait, with 429 and 503",
    "www-authenticate": "how to say who asks, with 401",
}
#: In requests.
ASKED: Mapping[str, str] = {
    "authorization": "`Bearer` and a key or a token",
    "x-gairp-content": "`off` keeps this request's content out, where content is kept",
    "x-gairp-session": "what keeps together: a conversation, say; rules may read it",
}
