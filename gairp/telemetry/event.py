"""An event of note: a name for machines, a message for people, and facts beside it."""

from __future__ import annotations

import logging

EVENT, FACTS = "gairp_event", "gairp_facts"  #: where a record carries them


def note(
    log: logging.Logger,
    level: int,
    event: str,
    message: str,
    *,
    error: BaseException | None = None,
    **facts: object,
) -> None:
    """Log it. `event` is such as `rules.reloaded`; of an `error` the place is logged as well."""
    if log.isEnabledFor(level):
        # As an argument, since a message may hold a percent sign.
        log.log(level, "%s", message, exc_info=error, extra={EVENT: event, FACTS: facts})
