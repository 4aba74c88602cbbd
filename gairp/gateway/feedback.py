"""What clients say of answers: a score, a thumb, a preference; once, and as late as they like."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from gairp.gateway.errors import ApiError
from gairp.gateway.learners.house import House


class FeedbackBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of `score`, `thumb`, `preferred_over`; `decision_id` is in the answer's header."""

    decision_id: str
    score: float | None = None  #: in [0, 1]
    thumb: Literal["up", "down"] | None = None
    preferred_over: str | None = None  #: the decision whose answer was liked less
    tags: dict[str, str] = {}
    comment: str | None = None


_DECODER = msgspec.json.Decoder(FeedbackBody)


class FeedbackDesk:
    """Hands feedback to the learner that decided; the same again changes nothing."""

    def __init__(self, house: House) -> None:
        self._house = house

    def take(self, data: bytes, tenant: str) -> dict[str, Any]:
        """What became of it. Raises ApiError 400, and 404 for a decision that is not the tenant's.

        status: `learned`; `duplicate` (told before); `expired` (the learner no longer waits).
        """
        body = _read(data)
        learner = self._owner(body.decision_id, tenant, "decision_id")
        others = [] if body.preferred_over is None else [body.preferred_over]
        losers = [(self._owner(name, tenant, "preferred_over"), name) for name in others]
        if self._house.ink.learned(body.decision_id):
            status = "duplicate"
        else:
            done = [self._learn(learner, body.decision_id, _quality(body), body)]
            done += [self._learn(owner, name, 0.0, body) for owner, name in losers]
            status = "learned" if any(done) else "expired"
        return {"object": "feedback", "decision_id": body.decision_id, "status": status}

    def _owner(self, decision_id: str, tenant: str, param: str) -> str:
        """The learner that decided."""
        owner = self._house.ink.owner(decision_id)
        if owner is None or owner[1] != tenant:
            raise ApiError(
                404,
                f"no decision {decision_id[:100]!r} of this tenant is remembered",
                code="decision_not_found",
                param=param,
            )
        return owner[0]

    def _learn(self, learner: str, decision_id: str, quality: float, body: FeedbackBody) -> bool:
        source = "preference" if body.preferred_over else "thumb" if body.thumb else "score"
        return self._house.learn(learner, decision_id, quality, f"client:{source}")


def _read(data: bytes) -> FeedbackBody:
    try:
        body = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, f"the feedback is not valid: {error}", code="invalid_request") from None
    given = [body.score is not None, body.thumb is not None, body.preferred_over is not None]
    if sum(given) != 1:
        raise ApiError(
            400, "give exactly one of score, thumb and preferred_over", code="invalid_request"
        )
    if body.score is not None and not (math.isfinite(body.score) and 0.0 <= body.score <= 1.0):
        raise ApiError(
            400, f"score is {body.score}; give a number in [0, 1]", code="invalid_request",
            param="score",
        )  # fmt: skip
    return body


def _quality(body: FeedbackBody) -> float:
    if body.score is not None:
        return body.score
    return 0.0 if body.thumb == "down" else 1.0
