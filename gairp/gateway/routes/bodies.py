"""What the admin API takes and gives, as pydantic models: the document is made of these."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

_CONTROL = {chr(code) for code in (*range(32), 127)}


def _plain(text: str) -> str:
    if _CONTROL & set(text):
        raise ValueError("control characters are not allowed")
    return text


Text = Annotated[str, Field(max_length=255), AfterValidator(_plain)]
Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_plain)]
Scope = Literal["inference", "feedback", "admin"]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Usd = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


class Given(BaseModel):
    """A body; a field that there is not is a mistake."""

    model_config = ConfigDict(extra="forbid")


class TenantGiven(Given):
    """A tenant to be made."""

    id: Name = Field(description="its name, for good: small letters, digits, '.', '_', '-'")
    title: Text = ""


class ProjectGiven(Given):
    """A project to be made."""

    id: Name


class Tenant(BaseModel):
    """Who is billed."""

    id: str
    title: str
    projects: list[str]
    created_at: datetime
    disabled_at: datetime | None


class KeyGiven(Given):
    """A key to be made."""

    tenant: Name
    project: Name = "default"
    title: Text = ""
    scopes: list[Scope] = Field(default=["inference", "feedback"], max_length=3)
    models: list[Name] = Field(default=[], max_length=100, description="patterns; none: all")
    expires_at: AwareDatetime | None = None


class RotationGiven(Given):
    """How a key's secret is replaced."""

    overlap_s: float = Field(
        default=0.0, ge=0, le=31_536_000, allow_inf_nan=False,
        description="seconds for which the old secret is taken too",
    )  # fmt: skip


class Key(BaseModel):
    """What may be known of a key."""

    id: str
    tenant: str
    project: str
    title: str
    scopes: list[str]
    models: list[str]
    prefixes: list[str] = Field(description="of the secrets that are taken now")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewKey(Key):
    """A key and its secret, which is shown this once."""

    secret: str


class QuotaGiven(Given):
    """Limits; at least one."""

    rpm: Count | None = Field(default=None, description="requests a minute")
    tpm: Count | None = Field(default=None, description="tokens a minute, in and out")
    concurrency: Count | None = Field(default=None, description="requests under way at once")
    usd: Usd | None = Field(default=None, description="dollars a period")
    usd_period: Literal["day", "month", "total"] = "month"


class Quota(QuotaGiven):
    """Limits of a tenant, a project or a key."""

    name: str


class Reconciliation(Given):
    """What an attempt of unknown cost did cost."""

    call_id: Name
    usd: Usd
    input_tokens: Count = 0
    output_tokens: Count = 0


class Usage(BaseModel):
    """Sums of one group."""

    group: dict[str, str]
    attempts: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    held_usd: float = Field(description="reserved for attempts whose cost nobody knows")
    unpriced: int


class Unsettled(BaseModel):
    """An attempt that is under way, or whose cost nobody knows."""

    call_id: str
    tenant: str
    arm: str
    state: str
    held_usd: float


class Action(BaseModel):
    """What an administrator did."""

    seq: int
    at: datetime
    actor: str
    action: str
    target: str
    details: dict[str, Any]
    hash: str


class Chain(BaseModel):
    """A chain of hashes; `broken` names the first line that was altered."""

    name: str
    lines: int | None
    head: str | None
    broken: str | None


class ContentShown(BaseModel):
    """What was asked and answered; bytes that are no UTF-8 are replaced."""

    decision_id: str
    request_id: str
    tenant: str
    at: datetime
    expires_at: datetime
    operation: str
    status: int
    prompt: str
    answer: str = Field(description="as the client was sent it; of a stream its events")
    prompt_bytes: int = Field(description="more than are there where it was cut")
    answer_bytes: int
    prompt_hash: str = Field(description="as in audit.jsonl, unless it was cut")
    answer_hash: str = Field(description="likewise, of answers that were no streams")


class Gone(BaseModel):
    """How many requests' content is no longer there."""

    gone: int


class Done(BaseModel):
    """It is done."""

    status: Literal["done"] = "done"


class ErrorDetail(BaseModel):
    """What was wrong, where, what to do."""

    message: str
    type: str | None = None
    param: str | None = None
    code: str | int | None = None


class Error(BaseModel):
    """As OpenAI's clients read it."""

    error: ErrorDetail


def moment(at: float) -> datetime:
    """Unix time as a time in UTC."""
    return datetime.fromtimestamp(at, UTC)


def maybe(at: float | None) -> datetime | None:
    """None stays None."""
    return None if at is None else moment(at)
