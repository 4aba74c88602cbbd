"""Generated parts of pages are made from the code, and a stale page is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import generate
from docs.blocks import file
from docs.conf_file import Key, read
from docs.conf_reference import experiment_table, key_table, option_tables
from docs.generate import PageError, fill
from docs.parameter_texts import first_sentence, parameter_texts

LINUCB = "gairp.policies.linucb.LinUCB"

SETTINGS = """\
# @package policies.mine
# What the file is for,
# in two lines:
#   python -m mine
name: mine
# One number a seed.
seed: [1,
  2]
sweep: # of weights
  weights: []
  deep:
    # How deep.
    depth: 3
arms:
  - a
  - b
builders:
  - _target_: somewhere.Thing
    dim: 64 # columns
must: ???
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(SETTINGS)
    return path


def test_comments_and_defaults_are_read_as_written(settings: Path) -> None:
    found = read(settings)
    assert found.header == "What the file is for, in two lines: `python -m mine`."
    assert found.keys == (
        Key("name", "mine", ""),
        Key("seed", "[1, 2]", "One number a seed."),
        Key("sweep", "", "of weights"),
        Key("sweep.weights", "[]", ""),
        Key("sweep.deep.depth", "3", "How deep."),
        Key("arms", "[a, b]", ""),
        Key("builders.0.dim", "64", "columns"),
        Key("must", "???", ""),
    )


def test_a_table_has_a_line_a_key(settings: Path) -> None:
    lines = key_table(settings).splitlines()
    assert lines[0] == "| key | default | meaning |"
    assert "| `seed` | `[1, 2]` | One number a seed. |" in lines
    assert "| `must` | `???` | must be set |" in lines


def test_the_code_says_what_the_file_does_not(tmp_path: Path) -> None:
    (tmp_path / "linucb.yaml").write_text(f"_target_: {LINUCB}\nalpha: 1.0\n")
    text = option_tables(tmp_path)
    assert first_sentence(LINUCB) in text
    assert "| `alpha` | `1.0` | width of the confidence bound |" in text


def test_docstrings_and_fields_explain_parameters() -> None:
    texts = parameter_texts("gairp.runners.replay.job.Protocol")
    assert texts["epochs"] == "passes over `learn`"
    inherited = parameter_texts("gairp.policies.vw_squarecb.VWSquareCB")
    assert inherited["learning_rate"] == "VW's `-l`."
    both = parameter_texts("gairp.rewards.Utility")
    assert both["cost_ceiling"] == both["latency_ceiling"]


def test_an_experiment_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(
        "# @package _global_\n# A question?\ndefaults:\n  - override /trace: t\n"
        "  - override /policy: [a, b]\nprimary: a\n"
    )
    assert experiment_table(tmp_path).splitlines()[2:] == [
        "| `one` | A question? | `t` | `a`, `b` | `a` |"
    ]


def test_a_file_is_fenced_by_its_language(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    assert file(tmp_path, "a.yaml") == "```yaml\na: 1\n```"


def test_only_what_is_between_markers_changes() -> None:
    page = "before\n<!-- generated: records -->\nstale\n<!-- end generated -->\nafter\n"
    filled = fill(page)
    assert filled.startswith("before\n<!-- generated: records -->\n| column |")
    assert filled.endswith("|\n<!-- end generated -->\nafter\n")
    assert "stale" not in filled
    assert fill(filled) == filled


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("<!-- generated: nothing -->\n<!-- end generated -->", "there are: attacks, defaults, "),
        ("<!-- generated: records -->\n", "has no '<!-- end generated -->'"),
        ("<!-- generated: file none.py -->\n<!-- end generated -->", r"none\.py"),
        ("<!-- generated: records too many -->\n<!-- end generated -->", "records too many"),
    ],
)
def test_a_wrong_marker_is_refused(page: str, message: str) -> None:
    with pytest.raises(PageError, match=message):
        fill(page)


def test_check_fails_on_a_stale_page_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    stale = "<!-- generated: records -->\nold\n<!-- end generated -->\n"
    page.write_text(stale)
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "pages", lambda: [page])
    assert generate.main(["--check"]) == 1
    assert page.read_text() == stale
    assert "page.md is stale; run: make docs" in capsys.readouterr().out
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    page.write_text("<!-- generated: what -->\n<!-- end generated -->\n")
    assert generate.main(["--check"]) == 2
