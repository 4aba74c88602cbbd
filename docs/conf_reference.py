"""The reference of conf/: groups, options, keys, defaults, meanings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from docs.conf_file import ConfFile, Key, read
from docs.parameter_texts import first_sentence, parameter_texts

#: Groups whose options set the same keys of one class, and the class.
_CLASSES = {"utility": "gairp.rewards.Utility", "protocol": "gairp.runners.replay.job.Protocol"}
#: Groups in which one option holds every key and the others change some.
_BASES = {"trace": "local_llm"}


def default_options(run: Path) -> str:
    """A table of the groups and what each is where nobody chooses."""
    rows = []
    for entry in read(run).values["defaults"]:
        if isinstance(entry, Mapping):
            ((name, option),) = entry.items()
            if not str(name).startswith("override"):
                shown = option if isinstance(option, str) else ", ".join(option or ())
                rows.append((f"[`{name}`](#{name})", f"`{shown}`" if shown else "none"))
    return _table(("group", "default"), rows)


def key_table(path: Path) -> str:
    """A table of one file's own keys."""
    return _keys(read(path).keys, {})


def option_tables(folder: Path) -> str:
    """Every option of a group: what it is, and its keys."""
    options = [read(path) for path in sorted(folder.glob("*.yaml"))]
    if folder.name in _CLASSES:
        return _side_by_side(options, folder.name)
    base = _BASES.get(folder.name)
    options.sort(key=lambda option: option.name != base)
    known = _fields() if base else {}
    known |= {key.path: key.comment for key in options[0].keys if base and key.comment}
    return "\n\n".join(_option(option, folder.name, known) for option in options)


def experiment_table(folder: Path) -> str:
    """What each study asks, and of which options it is made."""
    rows = []
    for study in map(read, sorted(folder.glob("*.yaml"))):
        parts = dict(_overridden(study))
        rows.append(
            (
                f"`{study.name}`",
                study.header,
                *(parts.get(group, "") for group in ("trace", "policy")),
                f"`{study.values['primary']}`" if "primary" in study.values else "",
            )
        )
    return _table(("experiment", "what", "trace", "policies", "primary"), rows)


def _fields() -> dict[str, str]:
    """What the trace schema says of the columns that a trace can map."""
    from gairp.traces.schema import FIELDS

    return {f"columns.{field.name}": field.meaning for field in FIELDS}


def _option(option: ConfFile, group: str, known: Mapping[str, str]) -> str:
    lines = [f"### `{group}={option.name}`", ""]
    header = option.header or (first_sentence(option.target) if option.target else "")
    if header:
        lines += [header, ""]
    if option.target:
        lines += [f"Class: `{option.target}`", ""]
    if option.keys:
        texts = parameter_texts(option.target) if option.target else {}
        lines += [_keys(option.keys, {**known, **texts})]
    return "\n".join(lines).rstrip()


def _side_by_side(options: Sequence[ConfFile], group: str) -> str:
    """A line an option, then a table with a column an option."""
    texts = parameter_texts(_CLASSES[group])
    paths = list(dict.fromkeys(key.path for option in options for key in option.keys))
    rows = []
    for path in paths:
        keys = [next((k for k in o.keys if k.path == path), None) for o in options]
        meaning = next((k.comment for k in keys if k and k.comment), texts.get(path, ""))
        rows.append((f"`{path}`", *(f"`{k.default}`" if k else "" for k in keys), meaning))
    names = (f"`{option.name}`" for option in options)
    lines = [f"- `{group}={option.name}`: {option.header}" for option in options]
    return "\n".join([*lines, "", _table(("key", *names, "meaning"), rows)])


def _overridden(study: ConfFile) -> Iterator[tuple[str, str]]:
    for entry in study.values.get("defaults", ()):
        if isinstance(entry, str):  # another study, that this one begins with
            continue
        ((name, option),) = entry.items()
        shown = [option] if isinstance(option, str) else option
        yield str(name).removeprefix("override /"), ", ".join(f"`{each}`" for each in shown)


def _keys(keys: Iterable[Key], texts: Mapping[str, str]) -> str:
    rows = [
        (f"`{key.path}`", f"`{key.default}`" if key.default else "", _meaning(key, texts))
        for key in keys
    ]
    return _table(("key", "default", "meaning"), rows)


def _meaning(key: Key, texts: Mapping[str, str]) -> str:
    must = "must be set" if key.default == "???" else ""
    meaning = key.comment or texts.get(key.path, "")
    return "; ".join(part for part in (must, meaning) if part)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in escaped)
