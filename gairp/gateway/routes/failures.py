"""From what goes wrong in a route to what its caller is told, never more than that."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc
from starlette.exceptions import HTTPException

from gairp.errors import ConfigError, ConflictError, DataError, GairpError, UnknownNameError
from gairp.gateway.errors import ApiError
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_INTERNAL = ApiError(500, "it failed inside the gateway; its log says why", code="internal_error")


def handle_failures(app: FastAPI) -> None:
    """Answer in OpenAI's form whatever is raised."""

    def handled(request: Request, error: Exception) -> Response:
        told = api_error(error)
        if told.status >= 500:
            what = f"{request.method} {request.url.path!r}: {type(error).__name__}"
            note(_LOG, logging.ERROR, "gateway.failed", what)
        return Response(
            told.body(), told.status, {"content-type": "application/json", **told.headers}
        )

    kinds = (
        GairpError, RequestValidationError, HTTPException, exc.SQLAlchemyError, UnicodeError,
        OverflowError, Exception,
    )  # fmt: skip
    for kind in kinds:
        app.add_exception_handler(kind, handled)


def api_error(error: Exception) -> ApiError:
    """What a caller is told."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, RequestValidationError):
        return ApiError(400, _places(error.errors()), code="invalid_request")
    if isinstance(error, HTTPException):
        return _http(error)
    if isinstance(error, exc.IntegrityError):
        return ApiError(409, "it was changed by another at the same time; look, and try again",
                        code="conflict")  # fmt: skip
    if isinstance(error, (exc.DataError, UnicodeError, OverflowError)):
        return ApiError(400, "a value cannot be kept: it is out of range, or no Unicode text",
                        code="invalid_request")  # fmt: skip
    if isinstance(error, GairpError):
        return _of_ours(error)
    if not isinstance(error, exc.SQLAlchemyError):
        return _INTERNAL
    return ApiError(503, "the database cannot be reached; try again", code="database_unavailable",
                    retry_after_s=1.0)  # fmt: skip


def _of_ours(error: GairpError) -> ApiError:
    if isinstance(error, ConflictError):
        return ApiError(409, str(error), code="conflict")
    if isinstance(error, (UnknownNameError, DataError)):
        return ApiError(404, str(error), code="not_found")
    if isinstance(error, ConfigError):
        return ApiError(400, str(error), code="invalid_request")
    return _INTERNAL


def _http(error: HTTPException) -> ApiError:
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    return ApiError(
        error.status_code, str(error.detail), code=code, headers=dict(error.headers or {})
    )


def _places(errors: Any) -> str:
    """Where and what, without the values."""
    told = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}"[:300] for one in list(errors)[:5]]
    return "the request is not valid: " + "; ".join(told)
