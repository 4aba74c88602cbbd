"""Whose content is kept, for how long, and where its keys come from."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Text = Annotated[
    str, msgspec.Meta(description="the variable of the master keys: `ID:BASE64` of 32 bytes each")
]
_File = Annotated[
    str | None,
    msgspec.Meta(description="a file with a line `NAME=…` of that name, where it is not set"),
]
_Days = Annotated[float, msgspec.Meta(gt=0.0, description="after which it is deleted")]
_Tenants = Annotated[
    list[str] | None, msgspec.Meta(description="whose content is kept; null: everybody's")
]
_Largest = Annotated[
    int,
    msgspec.Meta(
        ge=1, description="bytes of a prompt, and of an answer; what is longer is cut, and says so"
    ),
]
_Waiting = Annotated[
    int,
    msgspec.Meta(
        ge=1,
        description="bytes that may wait for the database; beyond them content is dropped, and "
        "counted in `gairp_content_dropped`",
    ),
]


class ContentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page of content is made of these."""

    keys_env: _Text = "GAIRP_CONTENT_KEYS"
    keys_file: _File = None
    days: _Days = 30.0
    tenants: _Tenants = None
    largest: _Largest = 1 << 20
    waiting: _Waiting = 64 << 20

    @property
    def seconds(self) -> float:
        """For which it is kept."""
        return self.days * 86_400.0
