"""HTTP/1.1 to model servers: a client of our own over httptools' parser."""

from __future__ import annotations

from gairp.backends.http.backend import HttpBackend
from gairp.backends.http.client import HttpClient
from gairp.backends.http.errors import HttpError
from gairp.backends.http.response import Response

__all__ = ["HttpBackend", "HttpClient", "HttpError", "Response"]
