"""What can stand between two markers of a page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from docs.conf_reference import default_options, experiment_table, key_table, option_tables

_LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".jsonl": "json", ".csv": "text"}
# What a shell of the reader's may have set, and what must not show on a page.
_AMBIENT = ("MLFLOW_TRACKING_URI", "GAIRP_", "HYDRA_", "COLUMNS", "FORCE_COLOR")


def file(root: Path, path: str) -> str:
    """A file of the checkout, fenced."""
    content = (root / path).read_text(encoding="utf-8").strip()
    return f"```{_LANGUAGES.get(Path(path).suffix, 'text')}\n{content}\n```"


def help_text(root: Path, module: str, *arguments: str) -> str:
    """What `python -m MODULE ARGUMENTS --help` prints, fenced."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(_AMBIENT)}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments, "--help"],
        cwd=root,
        env={**env, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    lines = [line.rstrip() for line in done.stdout.strip().splitlines()]
    return "\n".join(["```text", *lines, "```"])


def records(root: Path) -> str:
    """The columns of the decision log."""
    from gairp.records.schema import markdown

    return markdown()


def events(root: Path) -> str:
    """The tables of the interaction log."""
    from gairp.records.event_table import markdown

    return markdown()


def faults(root: Path, path: str) -> str:
    """The fault table, as `+experiment=faults` has written it."""
    from gairp.runners.faults.table import markdown, read_csv

    return markdown(read_csv(root / path))


def facts(root: Path) -> str:
    """What conditions of routing rules may speak of."""
    from gairp.gateway.rules.facts import FACTS

    kinds = {
        "STRING": "text",
        "INT": "int",
        "BOOL": "bool",
        "LIST": "texts",
        "MAP": "texts by name",
    }
    lines = ["| fact | type | what |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {kinds[kind]} | {what} |" for name, (kind, what) in FACTS.items()]
    return "\n".join(lines)


def metrics(root: Path) -> str:
    """What the gateway tells Prometheus."""
    from gairp.gateway.metrics import COUNTERS, GAUGES, HISTOGRAMS

    kinds = {"counter": COUNTERS, "histogram": HISTOGRAMS, "gauge": GAUGES}
    lines = ["| metric | kind | labels | what |", "| --- | --- | --- | --- |"]
    for kind, found in kinds.items():
        for name, (labels, what) in found.items():
            shown = f"{name}_total" if kind == "counter" else name
            lines.append(f"| `{shown}` | {kind} | {', '.join(labels)} | {what} |")
    return "\n".join(lines)


def settings(root: Path, name: str) -> str:
    """The keys of a group of the gateway's settings."""
    import msgspec

    from gairp.gateway.content.settings import ContentSettings
    from gairp.telemetry.logs import LogSettings
    from gairp.telemetry.otel.settings import OtelSettings

    groups: dict[str, type] = {"log": LogSettings, "otel": OtelSettings, "content": ContentSettings}
    schema = msgspec.json.schema(groups[name])
    (fields,) = (found["properties"] for found in schema["$defs"].values())
    lines = ["| key | default | what |", "| --- | --- | --- |"]
    for key, field in fields.items():
        default = json.dumps(field["default"]).strip('"')
        lines.append(f"| `{name}.{key}` | `{default}` | {field['description']} |")
    return "\n".join(lines)


def log_events(root: Path) -> str:
    """What the gateway logs by name."""
    from gairp.gateway.log_events import LOG_EVENTS

    lines = ["| event | what has happened, and the facts beside it |", "| --- | --- |"]
    lines += [f"| `{name}` | {what} |" for name, what in LOG_EVENTS.items()]
    return "\n".join(lines)


def spans(root: Path) -> str:
    """The attributes of the gateway's spans."""
    from gairp.gateway.tracing.attributes import OF_CALL, OF_REQUEST

    lines = ["| span | attribute | what |", "| --- | --- | --- |"]
    for span, found in (("request", OF_REQUEST), ("call", OF_CALL)):
        lines += [f"| {span} | `{name}` | {what} |" for name, what in found.items()]
    return "\n".join(lines)


def instruments(root: Path) -> str:
    """What the gateway measures for OpenTelemetry."""
    from gairp.gateway.tracing.instruments import INSTRUMENTS

    lines = ["| histogram | unit | what |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {unit} | {what} |" for name, (unit, _, what) in INSTRUMENTS.items()]
    return "\n".join(lines)


def attacks(root: Path) -> str:
    """What was tried on the gateway, and what came of it."""
    from tests.gateway.attacks import ATTACKS

    lines = ["| on | what is tried | what comes of it |", "| --- | --- | --- |"]
    for attack in ATTACKS:
        cells = (attack.kind, attack.what, attack.result)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def headers(root: Path) -> str:
    """The gateway's own headers."""
    from gairp.gateway.headers import ANSWERED, ASKED

    lines = ["| header | in | what |", "| --- | --- | --- |"]
    for place, found in (("requests", ASKED), ("answers", ANSWERED)):
        lines += [f"| `{name}` | {place} | {what} |" for name, what in found.items()]
    return "\n".join(lines)


def defaults(root: Path) -> str:
    """The option that each group has where nobody chooses another."""
    return default_options(root / "conf" / "run.yaml")


def keys(root: Path, name: str) -> str:
    """The keys of conf/NAME.yaml."""
    return key_table(root / "conf" / f"{name}.yaml")


def group(root: Path, name: str) -> str:
    """The options of a group and their keys."""
    return option_tables(root / "conf" / name)


def experiments(root: Path) -> str:
    """The studies that ship."""
    return experiment_table(root / "conf" / "experiment")


def methods(root: Path, kind: str) -> str:
    """Policies of one kind, out of their docstrings and the committed results."""
    from docs.methods import section

    return section(root, kind)
