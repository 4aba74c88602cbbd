"""Tenants and their projects."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, Engine, insert, select, update

from gairp.errors import ConflictError, UnknownNameError
from gairp.gateway.tenants.desk import Desk, checked_name
from gairp.gateway.tenants.tables import PROJECTS, TENANTS

DEFAULT_PROJECT = "default"


class Tenant(NamedTuple):
    """Who is billed."""

    id: str
    title: str
    created_at: float
    disabled_at: float | None
    projects: tuple[str, ...]


def create_tenant(desk: Desk, tenant: str, *, title: str = "") -> Tenant:
    """With the project `default`; ConflictError where there is one of this name."""
    checked_name("tenant", tenant)
    now = desk.now()
    with desk.change("create tenant", tenant, title=title) as connection:
        if _exists(connection, tenant):
            raise ConflictError(f"the tenant {tenant!r} is there already")
        row = {"id": tenant, "title": title[:255], "created_at": now}
        connection.execute(insert(TENANTS).values(row))
        _add_project(connection, tenant, DEFAULT_PROJECT, now)
    return find_tenant(desk.engine, tenant)


def create_project(desk: Desk, tenant: str, project: str) -> None:
    """ConflictError where it is there already, UnknownNameError where the tenant is not."""
    checked_name("project", project)
    with desk.change("create project", f"{tenant}/{project}") as connection:
        require_tenant(connection, tenant)
        if project in _projects(connection).get(tenant, ()):
            raise ConflictError(f"the tenant {tenant!r} has a project {project!r} already")
        _add_project(connection, tenant, project, desk.now())


def disable_tenant(desk: Desk, tenant: str) -> None:
    """None of its keys and tokens is taken any more; `enable_tenant` undoes it."""
    _set_disabled(desk, "disable tenant", tenant, desk.now())


def enable_tenant(desk: Desk, tenant: str) -> None:
    """Its keys and tokens are taken again."""
    _set_disabled(desk, "enable tenant", tenant, None)


def tenants(engine: Engine) -> list[Tenant]:
    """All, by name."""
    with engine.connect() as connection:
        projects = _projects(connection)
        rows = connection.execute(select(TENANTS).order_by(TENANTS.c.id)).all()
    return [
        Tenant(row.id, row.title, row.created_at, row.disabled_at, projects.get(row.id, ()))
        for row in rows
    ]


def find_tenant(engine: Engine, tenant: str) -> Tenant:
    """UnknownNameError where it is not there."""
    found = tenants(engine)
    for one in found:
        if one.id == tenant:
            return one
    raise UnknownNameError("tenant", tenant, [one.id for one in found])


def require_tenant(connection: Connection, tenant: str) -> None:
    """UnknownNameError where it is not there."""
    if not _exists(connection, tenant):
        known = connection.execute(select(TENANTS.c.id).limit(20)).scalars()
        raise UnknownNameError("tenant", tenant, known)


def require_project(connection: Connection, tenant: str, project: str) -> None:
    """UnknownNameError where tenant or project is not there."""
    require_tenant(connection, tenant)
    known = _projects(connection).get(tenant, ())
    if project not in known:
        raise UnknownNameError(f"project of {tenant}", project, known)


def _exists(connection: Connection, tenant: str) -> bool:
    found = connection.execute(select(TENANTS.c.id).where(TENANTS.c.id == tenant)).first()
    return found is not None


def _projects(connection: Connection) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    statement = select(PROJECTS.c.tenant, PROJECTS.c.id).order_by(PROJECTS.c.tenant, PROJECTS.c.id)
    for tenant, project in connection.execute(statement):
        found[tenant] = (*found.get(tenant, ()), project)
    return found


def _add_project(connection: Connection, tenant: str, project: str, now: float) -> None:
    row = {"tenant": tenant, "id": project, "created_at": now}
    connection.execute(insert(PROJECTS).values(row))


def _set_disabled(desk: Desk, action: str, tenant: str, at: float | None) -> None:
    with desk.change(action, tenant) as connection:
        require_tenant(connection, tenant)
        where = TENANTS.c.id == tenant
        connection.execute(update(TENANTS).where(where).values(disabled_at=at))
