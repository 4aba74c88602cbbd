"""`tenant` and `project`."""

from __future__ import annotations

import argparse

from gairp.admin.arguments import Commands, change, command, group
from gairp.admin.place import desk, store
from gairp.admin.table import formats, moment, show

_TENANTS = ("tenant", "title", "projects", "created", "disabled")


def add(commands: Commands) -> None:
    """Add them to the parser."""
    tenants = group(commands, "tenant", "who is billed")
    made = change(tenants, "create", "a tenant, with the project `default`", _create)
    made.add_argument("tenant", help="its name, for good: small letters, digits, '.', '_', '-'")
    made.add_argument("--title", default="", help="what people call it")
    formats(command(tenants, "list", "all tenants and their projects", _list))
    off = change(tenants, "disable", "its keys and tokens are taken no more", _disable)
    off.add_argument("tenant")
    on = change(tenants, "enable", "its keys and tokens are taken again", _enable)
    on.add_argument("tenant")
    projects = group(commands, "project", "parts of a tenant, for keys and reports")
    project = change(projects, "create", "a project of a tenant", _create_project)
    project.add_argument("tenant")
    project.add_argument("project")


def _create(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.accounts import create_tenant

    create_tenant(desk(options, make=True), options.tenant, title=options.title)
    print(f"tenant {options.tenant} is there; make it a key with: key create {options.tenant}")


def _list(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.accounts import tenants

    rows = [
        {
            "tenant": one.id, "title": one.title, "projects": one.projects,
            "created": moment(one.created_at), "disabled": moment(one.disabled_at),
        }
        for one in tenants(store(options))
    ]  # fmt: skip
    show(options, _TENANTS, rows)


def _disable(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.accounts import disable_tenant

    disable_tenant(desk(options), options.tenant)
    print(f"tenant {options.tenant} is disabled")


def _enable(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.accounts import enable_tenant

    enable_tenant(desk(options), options.tenant)
    print(f"tenant {options.tenant} may ask again")


def _create_project(options: argparse.Namespace) -> None:
    from gairp.gateway.tenants.accounts import create_project

    create_project(desk(options), options.tenant, options.project)
    print(f"project {options.tenant}/{options.project} is there")
