"""Prices that the user states in YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from gairp.errors import ConfigError
from gairp.pricing import load_catalogue

GOOD = """
aliases:
  my-finetune: my-model
models:
  my-model:
    - {from: 2025-08-20, input: 0.8, output: 0.9, cached_input: 0.1}
    - {from: "2025-01-31", input: 1, output: 2, note: launch price}
  local:
    - {from: 2025-01-01, input: 0, output: 0}
"""


def write(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_prices_are_read_sorted_and_dated(tmp_path: Path) -> None:
    prices = load_catalogue(user_files=[write(tmp_path, GOOD)], genai=False)
    before = prices.price("my-model", as_of="2025-08-19")
    assert (before.input_usd_per_mtok, before.output_usd_per_mtok) == (1.0, 2.0)
    assert before.cached_input_usd_per_mtok is None
    after = prices.price("my-finetune", as_of="2025-08-20")
    assert (after.input_usd_per_mtok, after.cached_input_usd_per_mtok) == (0.8, 0.1)
    assert after.source == "mine.yaml"


def test_a_zero_that_the_user_states_is_believed(tmp_path: Path) -> None:
    prices = load_catalogue(user_files=[write(tmp_path, GOOD)], genai=False)
    assert prices.price("local", as_of="2025-02-01").output_usd_per_mtok == 0.0


def test_the_user_comes_before_every_other_source(tmp_path: Path) -> None:
    text = "models: {gpt-4o: [{from: 2020-01-01, input: 7, output: 8}]}"
    prices = load_catalogue(user_files=[write(tmp_path, text)], as_of="2025-01-01")
    assert prices.price("gpt-4o").input_usd_per_mtok == 7.0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("models: {m: [{from: 2025-01-01, input: 1}]}", r"models\.m\[0\]: lacks \['output'\]"),
        ("models: {m: [{from: x, input: 1, output: 1}]}", r"models\.m\[0\]\.from: 'x' is not"),
        ("models: {m: [{from: 2025-01-01, input: a, output: 1}]}", r"m\[0\]\.input: 'a' is not"),
        ("models: {m: [{from: 2025-01-01, input: -1, output: 1}]}", "'m'.*-1.0"),
        (
            "models: {m: [{from: 2025-01-01, input: 1, output: 1, in: 2}]}",
            r"models\.m\[0\]: has unknown \['in'\]",
        ),
        ("models: {m: {from: 2025-01-01}}", r"models\.m: is not a list"),
        ("models: {m: []}", r"models\.m: is not a list"),
        ("models: {m: [3]}", r"models\.m\[0\]: 3 is not a mapping"),
        ("models: [m]", r"key models: \['m'\] is not a mapping"),
        (
            "models: {m: [{from: 2025-01-01, input: 1, output: 1},"
            " {from: 2025-01-01, input: 2, output: 1}]}",
            r"models\.m: has two prices from 2025-01-01",
        ),
        ("prices: {}", "top level"),
        ("- m", "top level"),
        ("models: [", "not valid YAML"),
        ("aliases: {a: 3}", r"aliases\.a: 3 is not the name"),
        (
            "{aliases: {m: n}, models: {m: [{from: 2025-01-01, input: 1, output: 1}]}}",
            r"aliases\.m: has prices of its own",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load_catalogue(user_files=[write(tmp_path, text)])


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nope\.yaml does not exist"):
        load_catalogue(user_files=[tmp_path / "nope.yaml"])


def test_two_files_may_not_disagree_about_an_alias(tmp_path: Path) -> None:
    one = write(tmp_path, "aliases: {a: b}", "one.yaml")
    two = write(tmp_path, "aliases: {a: c}", "two.yaml")
    with pytest.raises(ConfigError, match=r"two\.yaml, key aliases\.a"):
        load_catalogue(user_files=[one, two])


def test_the_documented_example_loads(tmp_path: Path) -> None:
    docs = Path(__file__).resolve().parents[2] / "docs" / "pricing.md"
    example = docs.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    prices = load_catalogue(user_files=[write(tmp_path, example)], genai=False)
    assert prices.price("my-model", as_of="2025-09-01").input_usd_per_mtok == 0.8
    assert prices.price("my-finetune", as_of="2025-09-01").model == "my-model"
