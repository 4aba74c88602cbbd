"""The dataset registry: what data exist, where they come from and where they are now.

One YAML a dataset in `yaml/`. `locate` finds tables that are already here and never touches the
network; `fetch` brings them.
"""

from __future__ import annotations

from gairp.traces.registry.cache import locate, whereabouts
from gairp.traces.registry.catalogue import names, spec
from gairp.traces.registry.dataset import DatasetSpec, Source, SourceFile, TableFile
from gairp.traces.registry.fetch import fetch
from gairp.traces.registry.verify import Check, verify

__all__ = [
    "Check",
    "DatasetSpec",
    "Source",
    "SourceFile",
    "TableFile",
    "fetch",
    "locate",
    "names",
    "spec",
    "verify",
    "whereabouts",
]
