"""`quota`: limits and budgets of tenants, projects and keys."""

from __future__ import annotations

import argparse

import msgspec

from gairp.admin.arguments import Commands, change, command, group
from gairp.admin.place import desk, store
from gairp.admin.table import formats, show

_LIMITS = ("rpm", "tpm", "concurrency", "usd", "usd_period")


def add(commands: Commands) -> None:
    """Add it to the parser."""
    quotas = group(commands, "quota", "limits and budgets")
    put = change(quotas, "set", "a quota, in place of what was set before", _set)
    put.add_argument(
        "name", help="key:ID, tenant:T or project:T/P, each with /model:PATTERN or not"
    )
    put.add_argument("--rpm", type=int, help="requests a minute")
    put.add_argument("--tpm", type=int, help="tokens a minute, in and out")
    put.add_argument("--concurrency", type=int, help="requests under way at once")
    put.add_argument("--usd", type=float, help="dollars a period")
    put.add_argument("--period", choices=("day", "month", "total"), default="month")
    formats(command(quotas, "list", "all quotas", _list))
    gone = change(quotas, "clear", "no such quota any more", _clear)
    gone.add_argument("name")


def _set(options: argparse.Namespace) -> None:
    from gairp.gateway.principal import Quota
    from gairp.gateway.tenants.quotas import set_quota

    quota = Quota(
        rpm=options.rpm, tpm=options.tpm, concurrency=options.concurrency, usd=options.usd,
        usd_period=options.period,
    )  # fmt: skip
    set_quota(desk(options), options.name, quota)
    print(f"quota {options.name} is set")


def _list(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.quotas import quotas

    rows = [
        {"name": name, **msgspec.structs.asdict(quota)}
        for name, quota in quotas(store(options)).items()
    ]
    show(options, ("name", *_LIMITS), rows)


def _clear(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.quotas import clear_quota

    clear_quota(desk(options), options.name)
    print(f"quota {options.name} is cleared")
