"""Tenants and projects."""

from __future__ import annotations

from fastapi import APIRouter

from gairp.gateway.routes.bodies import ProjectGiven, Tenant, TenantGiven, maybe, moment
from gairp.gateway.routes.desk import AtDesk, InStore
from gairp.gateway.tenants import accounts

router = APIRouter(prefix="/tenants", tags=["tenants"])


@router.get("")
def list_tenants(store: InStore) -> list[Tenant]:
    """All, by name."""
    return [_told(one) for one in accounts.tenants(store)]


@router.post("", status_code=201)
def create_tenant(body: TenantGiven, desk: AtDesk) -> Tenant:
    """With the project `default`."""
    return _told(accounts.create_tenant(desk, body.id, title=body.title))


@router.get("/{tenant}")
def get_tenant(tenant: str, store: InStore) -> Tenant:
    """One of them."""
    return _told(accounts.find_tenant(store, tenant))


@router.post("/{tenant}/disable")
def disable_tenant(tenant: str, desk: AtDesk) -> Tenant:
    """Its keys and tokens are taken no more."""
    accounts.disable_tenant(desk, tenant)
    return _told(accounts.find_tenant(desk.engine, tenant))


@router.post("/{tenant}/enable")
def enable_tenant(tenant: str, desk: AtDesk) -> Tenant:
    """Its keys and tokens are taken again."""
    accounts.enable_tenant(desk, tenant)
    return _told(accounts.find_tenant(desk.engine, tenant))


@router.post("/{tenant}/projects", status_code=201)
def create_project(tenant: str, body: ProjectGiven, desk: AtDesk) -> Tenant:
    """A project of a tenant."""
    accounts.create_project(desk, tenant, body.id)
    return _told(accounts.find_tenant(desk.engine, tenant))


def _told(one: accounts.Tenant) -> Tenant:
    return Tenant(
        id=one.id, title=one.title, projects=list(one.projects),
        created_at=moment(one.created_at), disabled_at=maybe(one.disabled_at),
    )  # fmt: skip
