"""What makes a registered policy a model to MLflow: a signature, and a module that loads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Flavour:
    """`mlflow.pyfunc.load_model` gives rows of features to the module and gets a column an arm.

    Nothing is pickled: the module reads the policy's document.
    """

    loader: str  #: a module with `_load_pyfunc(path)`
    width: int  #: features of a row; the input is float64 [n, width]
    outputs: Sequence[str]  #: names of the columns that come out, float64
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path, document: str) -> None:
        """The file MLmodel, beside the document of this name."""
        import numpy as np
        from mlflow import pyfunc
        from mlflow.models import Model, ModelSignature
        from mlflow.types import ColSpec, Schema, TensorSpec

        signature = ModelSignature(
            inputs=Schema([TensorSpec(np.dtype(np.float64), (-1, self.width))]),
            outputs=Schema([ColSpec("double", name) for name in self.outputs]),
        )
        model = Model(signature=signature, metadata=dict(self.metadata))
        pyfunc.add_to_model(model, loader_module=self.loader, data=document)
        model.save(str(folder / "MLmodel"))
