"""Where a fault strikes: the call, the question and the manners of the vendor."""

from __future__ import annotations

import msgspec

from gairp.backends.fake.ask import Ask
from gairp.backends.fake.http import Received
from gairp.backends.fake.ledger import Call
from gairp.backends.fake.quirks import Quirks


class Scene(msgspec.Struct, kw_only=True):
    """All that a fault may look at."""

    received: Received
    ask: Ask
    call: Call
    quirks: Quirks
