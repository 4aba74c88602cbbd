"""`key`: a secret is printed once, alone on standard output, and what it is for beside it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from gairp.admin.arguments import Commands, change, command, group, seconds, words
from gairp.admin.place import desk, store
from gairp.admin.table import formats, moment, show

if TYPE_CHECKING:
    from gairp.gateway.tenants.keys import ApiKey, NewKey

_KEYS = (
    "key", "tenant", "project", "title", "scopes", "models", "prefixes", "created", "expires",
    "revoked",
)  # fmt: skip


def add(commands: Commands) -> None:
    """Add it to the parser."""
    keys = group(commands, "key", "API keys")
    made = change(keys, "create", "a key; prints its secret, this once", _create)
    made.add_argument("tenant")
    made.add_argument("--project", default="default")
    made.add_argument("--title", default="", help="what it is for")
    made.add_argument(
        "--scopes", type=words, default=["inference", "feedback"],
        help="of inference, feedback, admin (default: inference,feedback)",
    )  # fmt: skip
    made.add_argument("--models", type=words, default=[], help="patterns of models (default: all)")
    made.add_argument("--expires-in", type=seconds, help="such as 90d (default: never)")
    made.add_argument("--json", action="store_true", help="key and secret as a JSON object")
    listed = command(keys, "list", "all keys, never their secrets", _list)
    listed.add_argument("--tenant", help="of this tenant alone")
    formats(listed)
    turned = change(keys, "rotate", "a new secret for the same key; prints it, this once", _rotate)
    turned.add_argument("key")
    turned.add_argument(
        "--overlap", type=seconds, default=0.0,
        help="for how long the old secret is taken too, such as 24h (default: not at all)",
    )  # fmt: skip
    turned.add_argument("--json", action="store_true", help="key and secret as a JSON object")
    ended = change(keys, "revoke", "the key is taken no more, for good", _revoke)
    ended.add_argument("key")


def _create(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.keys import create_key

    expires_in = options.expires_in
    new = create_key(
        desk(options), options.tenant, project=options.project, title=options.title,
        scopes=options.scopes, models=options.models,
        expires_at=None if expires_in is None else time.time() + expires_in,
    )  # fmt: skip
    _tell(new, options)


def _rotate(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.keys import rotate_key

    _tell(rotate_key(desk(options), options.key, overlap_s=options.overlap), options)


def _revoke(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.keys import revoke_key

    revoke_key(desk(options), options.key)
    print(f"key {options.key} is revoked")


def _list(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.keys import keys

    found = keys(store(options), tenant=options.tenant, now=time.time())
    show(options, _KEYS, [_row(key) for key in found])


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "key": key.id, "tenant": key.tenant, "project": key.project, "title": key.title,
        "scopes": key.scopes, "models": key.models, "prefixes": key.prefixes,
        "created": moment(key.created_at), "expires": moment(key.expires_at),
        "revoked": moment(key.revoked_at),
    }  # fmt: skip


def _tell(new: NewKey, options: argparse.Namespace) -> None:
    key = new.key
    if options.json:
        print(json.dumps({**_row(key), "secret": new.secret.text}))
        return
    print(
        f"key {key.id} of {key.tenant}/{key.project}; its secret is shown this once:",
        file=sys.stderr,
        flush=True,
    )
    print(new.secret.text)
