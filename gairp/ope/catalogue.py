"""The estimators that an evaluation tries unless it is told otherwise."""

from __future__ import annotations

from gairp.ope.clipped import ClippedIPS
from gairp.ope.direct import DirectMethod
from gairp.ope.dr import DR
from gairp.ope.estimator import Estimator
from gairp.ope.ips import IPS
from gairp.ope.mips import MIPS
from gairp.ope.shrinkage import ShrinkageDR
from gairp.ope.slope import clipped_slope, shrinkage_slope, switch_slope
from gairp.ope.sndr import SNDR
from gairp.ope.snips import SNIPS
from gairp.ope.switch import SwitchDR


def all_estimators() -> tuple[Estimator, ...]:
    """One of each, those with a ceiling at a fixed and at a chosen one."""
    return (
        *(IPS(), SNIPS(), DR(), SNDR(), DirectMethod(), MIPS()),
        *(ClippedIPS(ceiling=10.0), clipped_slope()),
        *(SwitchDR(tau=10.0), switch_slope()),
        *(ShrinkageDR(lam=100.0), shrinkage_slope()),
    )
