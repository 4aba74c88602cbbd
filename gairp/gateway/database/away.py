"""A database that is away when it is needed to start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from gairp.errors import DataError


@contextmanager
def needed_for(what: str) -> Iterator[None]:
    """Raises DataError in place of what the driver raises; `what` cannot begin without it."""
    try:
        yield
    except SQLAlchemyError as error:
        told = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise DataError(
            f"{what} cannot be read from the database of serving.ledger now "
            f"({type(error).__name__}: {told[:300]}); the gateway does not start without them: "
            "start it again when the database is back"
        ) from error
