"""Has a stream of rewards changed? One test a file; `build` makes one by name."""

from __future__ import annotations

from collections.abc import Callable

from gairp.errors import UnknownNameError
from gairp.policies.detectors.adwin import Adwin
from gairp.policies.detectors.cusum import Cusum
from gairp.policies.detectors.detector import Detector
from gairp.policies.detectors.glr import Glr

DETECTORS: dict[str, Callable[..., Detector]] = {"cusum": Cusum, "glr": Glr, "adwin": Adwin}


def build(name: str, settings: dict[str, float]) -> Detector:
    """A new detector; UnknownNameError for a name or a setting that there is none of."""
    if name not in DETECTORS:
        raise UnknownNameError("detector", name, DETECTORS)
    try:
        return DETECTORS[name](**settings)
    except TypeError as error:
        raise UnknownNameError(f"setting of detector {name}", str(error), settings) from error
