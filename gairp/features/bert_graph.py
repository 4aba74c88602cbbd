"""A BERT encoder as an ONNX graph, built from its weights.

The encoder of Devlin et al. (2019), "BERT: Pre-training of Deep Bidirectional Transformers", for
one text at a time: without a batch there is no padding, hence no attention mask, and a text's row
cannot depend on its neighbours. The mean of the token vectors is the text's vector (Reimers and
Gurevych 2019, "Sentence-BERT").
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import IntegrityError
from gairp.features import onnx_format

_OPSET = 20  # the first with Gelu


class BertGraph:
    """`config` is the model's config.json, `weights` its tensors by their published names."""

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]]) -> None:
        self._config, self._weights = config, weights
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}

    def build(self) -> bytes:
        """The model: input `ids` int64 [tokens], output `vector` float32 [hidden], not normalised.

        Raises IntegrityError where a weight is absent.
        """
        hidden = self._embed()
        for layer in range(int(self._config["num_hidden_layers"])):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        self._add("ReduceMean", [hidden, self._ints([0])], output="vector", keepdims=0)
        return onnx_format.model(
            nodes=self._nodes,
            constants=self._constants.values(),
            inputs=[onnx_format.value("ids", onnx_format.INT64, ["tokens"])],
            outputs=[onnx_format.value("vector", onnx_format.FLOAT, [self._hidden])],
            opset=_OPSET,
        )

    @property
    def _hidden(self) -> int:
        return int(self._config["hidden_size"])

    def _embed(self) -> str:
        words = self._add("Gather", [self._weight("embeddings.word_embeddings.weight"), "ids"])
        length = self._add("Shape", ["ids"])
        # All tokens are of the first segment: its vector is added to every position once and for
        # all, here rather than at each call.
        segment = self._tensor("embeddings.token_type_embeddings.weight")[0]
        shifted = self._tensor("embeddings.position_embeddings.weight") + segment
        places = self._constant("places", shifted.astype(np.float32))
        used = self._add("Slice", [places, self._ints([0]), length, self._ints([0])])
        return self._norm(self._add("Add", [words, used]), "embeddings.LayerNorm")

    def _layer(self, hidden: str, name: str) -> str:
        attended = self._linear(self._attend(hidden, f"{name}.attention.self"), f"{name}.attention")
        hidden = self._norm(
            self._add("Add", [attended, hidden]), f"{name}.attention.output.LayerNorm"
        )
        wide = self._add("Gelu", [self._dense(hidden, f"{name}.intermediate.dense")])
        narrow = self._linear(wide, name)
        return self._norm(self._add("Add", [narrow, hidden]), f"{name}.output.LayerNorm")

    def _attend(self, hidden: str, name: str) -> str:
        heads = int(self._config["num_attention_heads"])
        width = self._hidden // heads
        split = self._ints([-1, heads, width])

        def part(which: str, order: list[int]) -> str:
            flat = self._dense(hidden, f"{name}.{which}")
            return self._add("Transpose", [self._add("Reshape", [flat, split])], perm=order)

        query, value = part("query", [1, 0, 2]), part("value", [1, 0, 2])
        key = part("key", [1, 2, 0])
        scale = self._constant("scale", np.array(1.0 / sqrt(width), dtype=np.float32))
        scores = self._add("Mul", [self._add("MatMul", [query, key]), scale])
        mixed = self._add("MatMul", [self._add("Softmax", [scores], axis=-1), value])
        joined = self._add("Transpose", [mixed], perm=[1, 0, 2])
        return self._add("Reshape", [joined, self._ints([-1, self._hidden])])

    def _linear(self, hidden: str, name: str) -> str:
        return self._dense(hidden, f"{name}.output.dense")

    def _dense(self, hidden: str, name: str) -> str:
        inputs = [hidden, self._weight(f"{name}.weight"), self._weight(f"{name}.bias")]
        return self._add("Gemm", inputs, transB=1)

    def _norm(self, hidden: str, name: str) -> str:
        inputs = [hidden, self._weight(f"{name}.weight"), self._weight(f"{name}.bias")]
        epsilon = float(self._config.get("layer_norm_eps", 1e-12))
        return self._add("LayerNormalization", inputs, axis=-1, epsilon=epsilon)

    def _add(
        self, kind: str, inputs: list[str], *, output: str = "", **attributes: onnx_format.Attribute
    ) -> str:
        output = output or f"v{len(self._nodes)}"
        self._nodes.append(onnx_format.node(kind, inputs, output, **attributes))
        return output

    def _weight(self, name: str) -> str:
        return self._constant(name, self._tensor(name).astype(np.float32, copy=False))

    def _tensor(self, name: str) -> NDArray[Any]:
        try:
            return self._weights[name]
        except KeyError:
            raise IntegrityError(
                f"the weights have no tensor {name!r}; this needs those of a plain BERT encoder"
            ) from None

    def _ints(self, values: list[int]) -> str:
        name = "ints_" + "_".join(map(str, values))
        return self._constant(name, np.array(values, dtype=np.int64))

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        if name not in self._constants:
            self._constants[name] = onnx_format.tensor(name, values)
        return name
