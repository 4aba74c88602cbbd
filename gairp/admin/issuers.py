"""`issuer`: identity providers whose tokens are taken."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from gairp.admin.arguments import Commands, change, command, group
from gairp.admin.place import desk, store
from gairp.admin.table import formats, show
from gairp.errors import ConfigError


def add(commands: Commands) -> None:
    """Add it to the parser."""
    issuers = group(commands, "issuer", "identity providers whose tokens are taken")
    put = change(issuers, "set", "an issuer, in place of what was set before", _set)
    put.add_argument("file", type=Path, help="YAML or JSON, with the fields of docs/tenants.md")
    formats(command(issuers, "list", "all issuers", _list))
    gone = change(issuers, "remove", "its tokens are taken no more", _remove)
    gone.add_argument("issuer", help="the claim iss of its tokens")


def _set(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.issuers import set_issuer

    issuer = set_issuer(desk(options), _read(options.file))
    print(f"issuer {issuer.issuer} is set")


def _list(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.issuers import issuers

    rows = [
        {
            "issuer": one.issuer,
            "audience": one.audience,
            "keys": one.jwks_url or "given",
            "tenant": one.tenant or f"claim {one.tenant_claim}",
            "scopes": one.scopes_claim or one.default_scopes,
        }
        for one in issuers(store(options))
    ]
    show(options, ("issuer", "audience", "keys", "tenant", "scopes"), rows)


def _remove(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.issuers import remove_issuer

    remove_issuer(desk(options), options.issuer)
    print(f"issuer {options.issuer} is removed")


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read as YAML or JSON: {error}") from None
    if not isinstance(found, dict):
        raise ConfigError(f"{path} holds no map; give the fields of one issuer")
    return found
