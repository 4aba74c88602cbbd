"""What the pages promise exists: links, commands, settings, variables, targets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from docs.generate import pages
from gairp import data
from gairp.report import __main__ as report
from gairp.run import CONF
from tests.conftest import ROOT

PAGES = pages()
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}
#: Programs of the package that a page may start.
PROGRAMS = {"gairp.run", "gairp.data", "gairp.report"}


def commands() -> Iterator[tuple[str, str]]:
    """Page and command of every line of a shell block, continued lines joined."""
    for page, text in TEXT.items():
        for block in re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                if line.strip():
                    yield page.name, line.split(" #")[0].strip()


COMMANDS = list(dict.fromkeys(commands()))


def started(program: str) -> list[list[str]]:
    """The arguments of every documented start of one program."""
    found = []
    for _, command in COMMANDS:
        # A shell would put words for `$(…)`, and pipe the output on.
        words = shlex.split(re.sub(r"\$\(.*\)", "id", command).partition(" | ")[0])
        if words[:3] == ["python", "-m", program]:
            found.append(words[3:])
    return found


def test_pages_and_commands_are_found() -> None:
    assert {"README.md", "quickstart.md", "add_a_policy.md"} <= {page.name for page in PAGES}
    assert all(started(program) for program in PROGRAMS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", TEXT[page])
    local = [link.partition("#")[0] for link in links if "://" not in link]
    missing = [link for link in local if link and not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("words", started("gairp.run"), ids=" ".join)
def test_a_documented_run_composes(words: list[str]) -> None:
    if "--help" in words:
        return
    search = [
        f"hydra.searchpath=[file://{ROOT / folder}]"
        for flag, folder in pairwise(words)
        if flag == "--config-dir" and (ROOT / folder).exists()
    ]
    if "--config-dir" in words and not search:
        return  # a folder of the reader's
    overrides = [word for word in words if "=" in word and not word.startswith(("hydra", "+hydra"))]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", [*search, *map(first_choice, overrides)])
    assert config.runner._target_.startswith("gairp.runners.")


def first_choice(override: str) -> str:
    """The override of a sweep's first job."""
    (parsed,) = OverridesParser.create().parse_overrides([override])
    if not parsed.is_sweep_override():
        return override
    return f"{parsed.get_key_element()}={next(parsed.sweep_string_iterator())}"


def test_documented_data_and_report_commands_parse() -> None:
    for words in started("gairp.data"):
        assert data.parser().parse_args(words).command == words[0]
    for words in started("gairp.report"):
        assert report._parser().parse_args(words).runs


def test_documented_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {c.split()[1] for _, c in COMMANDS if re.fullmatch(r"make [a-z-]+.*", c)}
    named |= {t for text in TEXT.values() for t in re.findall(r"`make ([a-z-]+)`", text)}
    assert {"demo", "test"} <= named <= targets


def test_every_environment_variable_is_documented() -> None:
    files = [*ROOT.glob("gairp/**/*.py"), *ROOT.glob("conf/**/*.yaml"), ROOT / "Makefile"]
    used = {
        name
        for path in files
        for name in re.findall(r"\b(?:GAIRP|MLFLOW)_[A-Z0-9_]+", path.read_text("utf-8"))
    }
    internal = {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "MLFLOW_DISABLE_TELEMETRY"}
    text = TEXT[ROOT / "docs" / "configuration.md"]
    assert not {name for name in used - internal if f"`{name}`" not in text}


def test_every_key_has_a_meaning() -> None:
    """A policy's or a builder's keys are explained, by its YAML or by its class."""
    text = TEXT[ROOT / "docs" / "configuration.md"]
    for section in ("features", "utility", "protocol", "policy"):
        part = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
        blank = re.findall(r"^\| `(\w[\w.]*)` \|.*\|  \|$", part, re.MULTILINE)
        assert not blank, section
