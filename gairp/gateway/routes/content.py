"""Prompts and answers that are kept: shown, forgotten, deleted before their time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from gairp.gateway.content.master_keys import MasterKeys
from gairp.gateway.content.settings import ContentSettings
from gairp.gateway.content.vault import Shown, forget_tenant, purge_content, show_content
from gairp.gateway.routes.bodies import ContentShown, Gone, Name, moment
from gairp.gateway.routes.desk import AtDesk

router = APIRouter(tags=["content"])


@router.get("/content")
def show(
    request: Request,
    desk: AtDesk,
    decision: Annotated[Name, Query(description="a decision or a request")],
) -> ContentShown:
    """Decrypted; that it was looked at is in the audit trail."""
    settings: ContentSettings = request.app.state.content
    masters = MasterKeys.read(settings.keys_env, settings.keys_file)
    return _told(show_content(desk, masters, decision))


@router.delete("/content")
def forget(desk: AtDesk, tenant: Annotated[Name, Query()]) -> Gone:
    """All of a tenant's, and its keys, for good."""
    return Gone(gone=forget_tenant(desk, tenant))


@router.post("/content/purge")
def purge(
    desk: AtDesk,
    older_than_days: Annotated[
        float | None,
        Query(ge=0, le=36_500, allow_inf_nan=False, description="and not only what is over"),
    ] = None,
) -> Gone:
    """What is older than it may be."""
    keep_s = None if older_than_days is None else older_than_days * 86_400.0
    return Gone(gone=purge_content(desk, keep_s=keep_s))


def _told(shown: Shown) -> ContentShown:
    content = shown.content
    return ContentShown(
        decision_id=shown.decision_id,
        request_id=shown.request_id,
        tenant=shown.tenant,
        at=moment(shown.at),
        expires_at=moment(shown.expires_at),
        operation=content.operation,
        status=content.status,
        prompt=content.prompt.decode("utf-8", "replace"),
        answer=content.answer.decode("utf-8", "replace"),
        prompt_bytes=content.prompt_bytes,
        answer_bytes=content.answer_bytes,
        prompt_hash=content.prompt_hash,
        answer_hash=content.answer_hash,
    )
