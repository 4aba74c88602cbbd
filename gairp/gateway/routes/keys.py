"""API keys. A secret is in the answer to its making, and nowhere else."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter

from gairp.gateway.routes.bodies import Key, KeyGiven, NewKey, RotationGiven, maybe, moment
from gairp.gateway.routes.desk import AtDesk, InStore
from gairp.gateway.tenants import keys

router = APIRouter(prefix="/keys", tags=["keys"])


@router.get("")
def list_keys(store: InStore, tenant: str | None = None) -> list[Key]:
    """All, or one tenant's; revoked and expired ones too."""
    return [Key(**_fields(key)) for key in keys.keys(store, tenant=tenant, now=time.time())]


@router.post("", status_code=201)
def create_key(body: KeyGiven, desk: AtDesk) -> NewKey:
    """A key with its secret, which is shown this once."""
    expires_at = None if body.expires_at is None else body.expires_at.timestamp()
    new = keys.create_key(
        desk, body.tenant, project=body.project, title=body.title, scopes=body.scopes,
        models=body.models, expires_at=expires_at,
    )  # fmt: skip
    return NewKey(**_fields(new.key), secret=new.secret.text)


@router.get("/{key}")
def get_key(key: str, desk: AtDesk) -> Key:
    """One of them."""
    return Key(**_fields(keys.find_key(desk, key)))


@router.post("/{key}/rotate")
def rotate_key(key: str, body: RotationGiven, desk: AtDesk) -> NewKey:
    """A new secret for the same key, which is shown this once."""
    new = keys.rotate_key(desk, key, overlap_s=body.overlap_s)
    return NewKey(**_fields(new.key), secret=new.secret.text)


@router.post("/{key}/revoke")
def revoke_key(key: str, desk: AtDesk) -> Key:
    """It is taken no more, for good."""
    return Key(**_fields(keys.revoke_key(desk, key)))


def _fields(key: keys.ApiKey) -> dict[str, Any]:
    return {
        **key._asdict(), "created_at": moment(key.created_at), "expires_at": maybe(key.expires_at),
        "revoked_at": maybe(key.revoked_at),
    }  # fmt: skip
