"""`content`: prompts and answers that are kept."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from gairp.admin.arguments import Commands, change, group, seconds
from gairp.admin.place import desk
from gairp.admin.table import moment

if TYPE_CHECKING:
    from gairp.gateway.content.vault import Shown


def add(commands: Commands) -> None:
    """Add it to the parser."""
    contents = group(commands, "content", "prompts and answers, where they are kept")
    shown = change(contents, "show", "what was asked and answered; the audit trail has who looked",
                   _show)  # fmt: skip
    shown.add_argument("decision", help="a decision or a request")
    _keys(shown)
    gone = change(contents, "forget", "all of a tenant's, and its keys, for good", _forget)
    gone.add_argument("--tenant", required=True)
    old = change(contents, "purge", "what is older than it may be", _purge)
    old.add_argument("--older-than", type=seconds, help="such as 7d, and not only what is over")
    turned = change(contents, "rewrap", "seal tenants' keys with the current master key", _rewrap)
    _keys(turned)


def _keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keys-env", default="GAIRP_CONTENT_KEYS",
        help="the variable of the master keys (default: GAIRP_CONTENT_KEYS)",
    )  # fmt: skip
    parser.add_argument("--keys-file", help="a file with a line NAME=… of that name")


def _show(options: argparse.Namespace) -> None:
    from gairp.gateway.content.master_keys import MasterKeys
    from gairp.gateway.content.vault import show_content

    masters = MasterKeys.read(options.keys_env, options.keys_file)
    shown = show_content(desk(options), masters, options.decision)
    print(json.dumps(_fields(shown), indent=2))


def _forget(options: argparse.Namespace) -> None:
    from gairp.gateway.content.vault import forget_tenant

    gone = forget_tenant(desk(options), options.tenant)
    print(f"content of {gone} requests of tenant {options.tenant} is forgotten, and its keys")


def _purge(options: argparse.Namespace) -> None:
    from gairp.gateway.content.vault import purge_content

    print(f"content of {purge_content(desk(options), keep_s=options.older_than)} requests is gone")


def _rewrap(options: argparse.Namespace) -> None:
    from gairp.gateway.content.master_keys import MasterKeys
    from gairp.gateway.content.vault import rewrap_keys

    masters = MasterKeys.read(options.keys_env, options.keys_file)
    count = rewrap_keys(desk(options), masters)
    print(f"{count} keys are sealed with {masters.current} now; older master keys can go")


def _fields(shown: Shown) -> dict[str, Any]:
    content = shown.content
    return {
        "decision": shown.decision_id, "request": shown.request_id, "tenant": shown.tenant,
        "at": moment(shown.at), "expires": moment(shown.expires_at),
        "operation": content.operation, "status": content.status,
        "prompt": _readable(content.prompt), "answer": _readable(content.answer),
        "prompt_bytes": content.prompt_bytes, "answer_bytes": content.answer_bytes,
        "prompt_hash": content.prompt_hash, "answer_hash": content.answer_hash,
    }  # fmt: skip


def _readable(data: bytes) -> Any:
    """JSON where it is; the text otherwise."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")
