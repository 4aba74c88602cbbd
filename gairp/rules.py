"""Routing rules from the command line: `python -m gairp.rules check | explain | test`.

Exit codes: 0 well, 1 a test of the file failed, 2 a mistake (the message says line and column).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import ConfigError, GairpError

if TYPE_CHECKING:
    from gairp.gateway.rules.book import RuleBook

CONF = Path(__file__).resolve().parent.parent / "conf"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and (options.command != "explain" or rest[0].startswith("-")):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:  # facts that stand behind an option, which argparse does not take
        options.facts += rest
    try:
        book = _book(options.file, options.serving, options.config_dir)
        command: int = _COMMANDS[options.command](book, options)
        return command
    except GairpError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _check(book: RuleBook, options: argparse.Namespace) -> int:
    print(f"{book.name}: {len(book.rules)} rules, {len(book.tests)} tests: well")
    return 0


def _explain(book: RuleBook, options: argparse.Namespace) -> int:
    facts = given(dict(_fact(one) for one in options.facts))
    for name, holds, value in book.explain(facts):
        print(f"{'*' if holds else ' '} {name:<24} {value}")
    print(f"target  {_told(book, facts)}")
    return 0


def _test(book: RuleBook, options: argparse.Namespace) -> int:
    failed = 0
    for test in book.tests:
        said = _told(book, given(test.given))
        wanted = {key: value for key, value in (("rule", test.rule), ("to", test.to)) if value}
        wrong = {key: said.get(key) for key, value in wanted.items() if said.get(key) != value}
        failed += bool(wrong)
        print(f"{'FAILED' if wrong else 'ok':<7} {test.name}" + (f": {wrong}" if wrong else ""))
    print(f"{len(book.tests) - failed} passed, {failed} failed")
    return int(failed > 0)


_COMMANDS = {"check": _check, "explain": _explain, "test": _test}


def given(facts: Mapping[str, Any]) -> dict[str, Any]:
    """A request with these facts and usual ones beside; ConfigError for one that there is not."""
    from gairp.gateway.rules.facts import FACTS

    now = datetime.now(UTC)
    usual: dict[str, Any] = {
        "tenant": "", "project": "default", "key": "", "model": "gairp/auto", "operation": "chat",
        "tokens": 0, "max_tokens": 0, "stream": False, "tools": 0, "needs": [], "session": "",
        "user": "", "tags": {}, "headers": {}, "hour": now.hour, "weekday": now.isoweekday(),
    }  # fmt: skip
    for name in facts:
        if name not in FACTS:
            raise ConfigError(f"there is no fact {name!r}; there are: {', '.join(FACTS)}")
    return {**usual, **facts}


def _told(book: RuleBook, facts: dict[str, Any]) -> dict[str, Any]:
    """Where a request goes, by the names that rules use."""
    from gairp.gateway.errors import ApiError

    try:
        target = book.target(facts, "req-explained")
    except ApiError as error:
        return {"refused": error.status, "message": error.message}
    to = target.arms[0] if target.arms and len(target.arms) == 1 else f"gairp/{target.learner}"
    found: dict[str, Any] = {"rule": target.rule or None, "to": to}
    if target.split is not None:
        found["branch"] = target.split.chosen
    return {key: value for key, value in found.items() if value is not None}


def _book(file: Path, serving: str, folder: Path | None) -> RuleBook:
    """Of this gateway; `folder` is where else it may stand, as for `gairp.serve --config-dir`."""
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf

    from gairp.gateway.build import build_catalogue
    from gairp.gateway.rules.book import RuleBook
    from gairp.gateway.settings import GatewaySettings

    overrides = [f"serving={serving}"]
    if folder is not None:
        overrides.append(f"hydra.searchpath=['file://{folder.resolve()}']")
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose("serve", overrides)
    except HydraException as error:
        why = " ".join(str(error).partition("Config search path")[0].split())
        raise ConfigError(
            f"--serving {serving}: {why}; name a file of conf/serving, or of the folder serving "
            "below --config-dir, without its ending"
        ) from error
    values: Any = OmegaConf.to_container(config, resolve=True)
    return RuleBook.read(file, build_catalogue(GatewaySettings.of(values["serving"])))


def _fact(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(
            f"{text!r} is no fact; give NAME=VALUE, such as tenant=acme or tokens=500"
        )
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gairp.rules",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    helps = {
        "check": "is the file valid for the models of a gateway?",
        "explain": "which rule takes a request with these facts, and what each condition gave",
        "test": "run the tests that stand in the file",
    }
    for name, text in helps.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("file", type=Path, help="the YAML file of the rules")
        command.add_argument(
            "--serving", default="demo", help="the gateway: a file of conf/serving"
        )
        command.add_argument(
            "--config-dir", type=Path, help="where else such files are, in a folder serving"
        )
        if name == "explain":
            command.add_argument("facts", nargs="*", help="NAME=VALUE, values as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
