"""Which faults strike a call."""

from __future__ import annotations

from collections.abc import Iterable

from gairp.backends.fake.faults import Fault
from gairp.backends.fake.ledger import Call
from gairp.backends.fake.when import when
from gairp.rng import DecisionRng


class Armoury:
    """Counts for each fault the calls that it concerns; chances depend on seed, id and attempt."""

    def __init__(self, faults: Iterable[Fault], *, seed: int) -> None:
        self.seed = seed
        self._faults = [(fault, when(fault.when)) for fault in faults]
        self._counts = [0] * len(self._faults)

    def strike(self, call: Call) -> list[Fault]:
        """The faults of this call, in the order of the program; the call says their bill."""
        struck = []
        for i, (fault, rule) in enumerate(self._faults):
            if fault.concerns(call.model, stream=call.stream):
                self._counts[i] += 1
                rng = DecisionRng(self.seed, f"fault {i}/{call.id}", call.attempt)
                if rule.strikes(self._counts[i], rng):
                    struck.append(fault)
        call.faults = tuple([fault.kind for fault in struck])
        for fault in struck:
            call.bill = fault.bill or fault.usual_bill or call.bill
        return struck
