"""One row a method, out of its docstring and the committed results: for docs/methods.md."""

from __future__ import annotations

import csv
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from gairp.policies.base import BasePolicy
from gairp.policies.wrapper import PolicyWrapper
from gairp.protocols import Trainable

#: Surname(s) and year, with or without brackets; then perhaps the title.
_CITED = re.compile(
    r"((?:[A-Z][\w'’-]+|de|van)(?:(?:, and |, | & | and | et )(?:[A-Z][\w'’-]+|al\.))*)"
    r",? \(?((?:19|20)\d\d)[a-z]?\)?(?:, \"([^\"]+)\")?"
)
_NAMES = ("policy", "router", "method", "bandit")
_GAINS = ("gain_vs_best_mix", "gain", "early_gain")


@dataclass(frozen=True, slots=True)
class Result:
    """How a method did in one study: its gain, and a 95% interval."""

    study: str
    gain: float
    low: float
    high: float
    p_value: float | None

    @property
    def verdict(self) -> str:
        """`gain`, `loss`, or `tie` where neither is significant."""
        if self.p_value is not None and self.p_value > 0.05:
            return "tie"
        return "gain" if self.low > 0 else "loss" if self.high < 0 else "tie"


def section(root: Path, kind: str) -> str:
    """The table of one kind: learned, cascade, budget or online."""
    rows = sorted(_rows(root, kind))
    head = "| method | what it does | source | needs | training, s | in our studies |"
    return "\n".join([head, "| --- | --- | --- | --- | --: | --- |", *rows])


def _rows(root: Path, kind: str) -> Iterator[str]:
    results, costs, gaps = (
        _results(root),
        _column(root / "docs" / "train_cost.csv", "seconds"),
        (_column(root / "docs" / "optimum.csv", "20000")),
    )
    for target, names in _methods(root).items():
        cls = _class(target)
        if _kind(cls) != kind:
            continue
        place = cls.__module__.replace(".", "/") + ".py"
        known = [costs[name] for name in names if name in costs]
        named = ", ".join(f"`{name}`" for name in names)
        cells = (
            f"[{named}](../{place})",
            _what(cls),
            _source(cls),
            _needs(cls),
            " / ".join(known) or "—",
            _found(results.get(target, []), [gaps[name] for name in names if name in gaps]),
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _methods(root: Path) -> dict[str, list[str]]:
    """Class -> the options of the group `policy` that take it."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "conf" / "policy").glob("*.yaml")):
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "_target_" in config:
            found.setdefault(config["_target_"], []).append(path.stem)
    return found


def _class(target: str) -> type[BasePolicy]:
    module, _, name = target.rpartition(".")
    found: type[BasePolicy] = getattr(import_module(module), name)
    return found


def _kind(cls: type[BasePolicy]) -> str:
    from gairp.policies.learned.router import LearnedRouter

    module = cls.__module__
    if issubclass(cls, LearnedRouter):
        return "learned"
    for kind in ("cascade", "budget"):
        if kind in module:
            return kind
    return "online" if cls.learns or issubclass(cls, PolicyWrapper) else "fixed"


def _what(cls: type[BasePolicy]) -> str:
    text = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
    return re.split(r"(?<=[a-z\])])\. ", text)[0].rstrip(".")


def _source(cls: type[BasePolicy]) -> str:
    text = f"{inspect.getdoc(inspect.getmodule(cls)) or ''}\n{inspect.getdoc(cls) or ''}"
    text = " ".join(text.split())
    cited: dict[tuple[str, str], str] = {}
    for names, year, title in _CITED.findall(text):
        if title or (names, year) not in cited:
            cited[names, year] = title
    parts = [f"{n} {y}" + (f", *{t.rstrip('.')}*" if t else "") for (n, y), t in cited.items()]
    return "; ".join(parts) or "—"


def _needs(cls: type[BasePolicy]) -> str:
    needs = []
    if cls.reads_features:
        needs.append("features")
    if issubclass(cls, Trainable):
        needs.append("recorded outcomes")
    if cls.learns:
        needs.append("feedback")
    if issubclass(cls, PolicyWrapper):
        needs.append("a policy to wrap")
    return ", ".join(needs) or "—"


def _found(results: list[Result], gaps: list[str]) -> str:
    """Gains and losses by study, and which studies saw no difference."""
    words = []
    for verdict, word in (("gain", "better"), ("loss", "worse"), ("tie", "no difference")):
        said = []
        for study in dict.fromkeys(r.study for r in results):
            every = [r for r in results if r.study == study]
            own = [r for r in every if r.verdict == verdict]
            if own and len(every) == 1:
                said.append(study if verdict == "tie" else f"{study} {own[0].gain:+.3f}")
            elif own:
                said.append(f"{study} in {len(own)} of {len(every)}")
        if said:
            words.append(f"{word}: {', '.join(said)}")
    if gaps:
        words.append(f"synthetic: {' / '.join(gaps)} short of the optimum")
    return "; ".join(words) or "—"


# -- what the studies found ------------------------------------------------------------------


def _results(root: Path) -> dict[str, list[Result]]:
    """Class -> results, from every committed table of a study that has gains."""
    found: dict[str, list[Result]] = {}
    for path in sorted((root / "experiments").rglob("summary.csv")):
        parts = path.relative_to(root / "experiments").parts
        classes = _studied(root, parts[0])
        inner = [part for part in parts[1:-1] if part != "report"]
        name = "/".join([parts[0], *inner])
        for row in _read(path):
            for target, result in _of_row(row, classes, name):
                found.setdefault(target, []).append(result)
    return found


def _of_row(
    row: Mapping[str, str], classes: Mapping[str, str], study: str
) -> Iterator[tuple[str, Result]]:
    named = next((row[key] for key in _NAMES if key in row), "")
    gain = next((key for key in _GAINS if key in row), None)
    if named not in classes or gain is None:
        return
    values = [_number(row.get(key)) for key in (gain, f"{gain}_low", f"{gain}_high")]
    if None in values:
        return
    point, low, high = (float(v) for v in values if v is not None)
    if low == high:
        return  # what the others are measured against
    yield classes[named], Result(study, point, low, high, _number(row.get("p_value")))


def _studied(root: Path, study: str) -> dict[str, str]:
    """Name of a method in a study -> its class, out of the study's configuration."""
    path = root / "conf" / "experiment" / f"{study}.yaml"
    if not path.exists():
        return {}
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    by_option = {name: target for target, names in _methods(root).items() for name in names}
    found: dict[str, str] = {}
    for default in config.get("defaults") or []:
        chosen = default.get("override /policy") if isinstance(default, dict) else None
        for name in [chosen] if isinstance(chosen, str) else chosen or []:
            if name in by_option:
                found[name] = by_option[name]
    for group in (config.get("runner") or {}).values():
        for name, given in group.items() if isinstance(group, dict) else ():
            policy = given.get("policy") if isinstance(given, dict) else None
            if isinstance(policy, dict) and "_target_" in policy:
                found[name] = policy["_target_"]
    return found


def _column(path: Path, column: str) -> dict[str, str]:
    """First column -> this one, of a table that may not be there yet."""
    return {next(iter(row.values())): row[column] for row in _read(path)} if path.exists() else {}


def _read(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
