"""The attributes of spans; names are those of OpenTelemetry's conventions, `gairp.` is our own."""

from __future__ import annotations

from collections.abc import Mapping

from gairp.gateway.exchange.watched import SeenCall, Watched
from gairp.gateway.tracing.server import Server
from gairp.telemetry.span import Attribute
from gairp.types import Decision, Operation, Response

#: Operation -> (its name in the conventions, the route).
OPERATIONS: Mapping[Operation, tuple[str, str]] = {
    "chat": ("chat", "/v1/chat/completions"),
    "completion": ("text_completion", "/v1/completions"),
    "embedding": ("embeddings", "/v1/embeddings"),
    "response": ("chat", "/v1/responses"),
}
#: name -> what it is; the page of operations is made of these.
OF_REQUEST: Mapping[str, str] = {
    "http.request.method": "`POST`",
    "http.route": "such as `/v1/chat/completions`",
    "url.path": "the same",
    "url.scheme": "`http`; a proxy has ended TLS",
    "http.response.status_code": "not where the client left before the answer",
    "error.type": "a status of 500 and above, or `client_disconnected`",
    "gairp.request.id": "as in `x-request-id`",
    "gairp.tenant": "who asks",
    "gairp.project": "of the tenant's",
    "gairp.key.id": "the key's id, never the key",
    "gairp.model.asked": "what the client named",
    "gairp.decision.id": "of the decision that answered",
    "gairp.policy": "who decided",
    "gairp.policy.version": "which version of it, where it has one",
    "gairp.calls": "calls that were made by then",
    "gairp.cost.usd": "of all of them, where it is known",
}
OF_CALL: Mapping[str, str] = {
    "gen_ai.operation.name": "`chat` (of responses too), `text_completion`, `embeddings`",
    "gen_ai.provider.name": "by the server's host; of others the name of the backend",
    "gen_ai.request.model": "the model that was asked",
    "gen_ai.request.stream": "where it streams",
    "gen_ai.request.max_tokens": "where the client limits the answer",
    "gen_ai.request.choice.count": "where it is not 1",
    "gen_ai.conversation.id": "the session, where the client named one",
    "gen_ai.response.model": "the model that answered",
    "gen_ai.response.finish_reasons": "why it ended",
    "gen_ai.response.time_to_first_chunk": "seconds, of streams",
    "gen_ai.usage.input_tokens": "as they are billed",
    "gen_ai.usage.output_tokens": "as they are billed",
    "gen_ai.usage.cache_read.input_tokens": "from the provider's cache",
    "server.address": "host of the model server",
    "server.port": "its port",
    "error.type": "kind of the failure; `cancelled` where the call was given up",
    "http.response.status_code": "of a failure, where there was one",
    "gairp.decision.id": "the decision that the call carries out",
    "gairp.decision.kind": "`primary`, `fallback`, `shadow`, …",
    "gairp.decision.propensity": "the probability that it was drawn with",
    "gairp.decision.branch": "of a split",
    "gairp.arm": "the arm",
    "gairp.policy": "who decided",
    "gairp.policy.version": "which version of it, where it has one",
    "gairp.call.id": "as ledger and model server have it",
    "gairp.call.number": "above 0 for retries",
    "gairp.usage.source": "`recounted` or `partial` where the server did not say",
}


def of_request(watched: Watched, calls: int) -> dict[str, Attribute]:
    """Those of the span of a request."""
    route = OPERATIONS[watched.operation][1]
    found: dict[str, Attribute] = {
        "http.request.method": "POST",
        "http.route": route,
        "url.path": route,
        "url.scheme": "http",
        "gairp.request.id": watched.id,
        "gairp.calls": calls,
    }
    if watched.status == 499:
        found["error.type"] = "client_disconnected"
    else:
        found["http.response.status_code"] = watched.status
    if watched.status >= 500:
        found["error.type"] = str(watched.status)
    if watched.principal is not None:
        found["gairp.tenant"] = watched.principal.tenant
        found["gairp.project"] = watched.principal.project
        found["gairp.key.id"] = watched.principal.key_id
    if watched.peek is not None:
        found["gairp.model.asked"] = watched.peek.model
    return found | _of_outcome(watched)


def of_call(watched: Watched, seen: SeenCall, server: Server) -> dict[str, Attribute]:
    """Those of the span of a call."""
    decision, peek = seen.decision, watched.peek
    found: dict[str, Attribute] = {
        **of_server(watched.operation, server),
        "gairp.decision.id": decision.id,
        "gairp.decision.kind": decision.kind,
        "gairp.decision.propensity": decision.propensity,
        "gairp.arm": decision.arm,
        **_of_policy(decision),
        "gairp.call.id": seen.id,
        "gairp.call.number": seen.number,
    }
    if decision.branch is not None:
        found["gairp.decision.branch"] = decision.branch
    if watched.session is not None:
        found["gen_ai.conversation.id"] = watched.session
    if peek is not None and peek.stream and decision.kind != "shadow":
        found["gen_ai.request.stream"] = True
    if peek is not None and peek.max_tokens is not None:
        found["gen_ai.request.max_tokens"] = int(peek.max_tokens)
    if peek is not None and peek.choices != 1:
        found["gen_ai.request.choice.count"] = peek.choices
    if (error := error_of(seen.response)) is not None:
        found["error.type"] = error
    return found if seen.response is None else found | _of_response(seen.response)


def of_server(operation: Operation, server: Server) -> dict[str, Attribute]:
    """What spans and measurements share."""
    return {
        "gen_ai.operation.name": OPERATIONS[operation][0],
        "gen_ai.provider.name": server.provider,
        "gen_ai.request.model": server.model,
        "server.address": server.host,
        "server.port": server.port,
    }


def error_of(response: Response | None) -> str | None:
    """Of few kinds; None where all is well."""
    if response is None:
        return "cancelled"
    return None if response.error is None else response.error.kind


def _of_policy(decision: Decision) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {"gairp.policy": decision.policy}
    if decision.policy_version:
        found["gairp.policy.version"] = decision.policy_version
    return found


def _of_response(response: Response) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    usage, error = response.usage, response.error
    if error is not None and error.status is not None:
        found["http.response.status_code"] = error.status
    if error is None and response.model:
        found["gen_ai.response.model"] = response.model
    if response.finish_reason:
        found["gen_ai.response.finish_reasons"] = [response.finish_reason]
    if response.first_token_s == response.first_token_s:
        found["gen_ai.response.time_to_first_chunk"] = response.first_token_s
    if usage.input_tokens == usage.input_tokens:
        found["gen_ai.usage.input_tokens"] = int(usage.input_tokens)
    if usage.output_tokens == usage.output_tokens:
        found["gen_ai.usage.output_tokens"] = int(usage.output_tokens)
    if usage.cached_tokens:
        found["gen_ai.usage.cache_read.input_tokens"] = int(usage.cached_tokens)
    if usage.source != "reported":
        found["gairp.usage.source"] = usage.source
    return found


def _of_outcome(watched: Watched) -> dict[str, Attribute]:
    outcome = watched.outcome
    if outcome is None or not outcome.attempts:
        return {}
    decision, cost = outcome.attempts[-1].decision, outcome.total_cost_usd
    found: dict[str, Attribute] = {
        "gairp.decision.id": decision.id,
        **_of_policy(decision),
    }
    return {**found, "gairp.cost.usd": cost} if cost == cost else found
