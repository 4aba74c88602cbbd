"""What a gateway is made of, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import msgspec

from gairp.errors import ConfigError
from gairp.gateway.content.settings import ContentSettings
from gairp.telemetry.logs import LogSettings
from gairp.telemetry.otel.settings import OtelSettings
from gairp.types import Arm


class Publishing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When workers get what was learned: after so many updates, or so long after the first."""

    learns: int = 32
    after_s: float = 0.1


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The composed configuration; conf/serve.yaml says what each key means."""

    arms: dict[str, dict[str, Any]]
    backends: dict[str, dict[str, Any]]
    policies: dict[str, dict[str, Any]] = {}
    aliases: dict[str, str | list[str]] = {}
    host: str = "127.0.0.1"
    port: int = 8080
    home: str = "outputs/gateway"
    seed: int = 0
    features: dict[str, Any] = {}
    utility: dict[str, Any] = {}
    floor: float = 0.0
    default_max_tokens: int = 1024
    deadline_s: float = 120.0
    fallbacks: int = 1
    retry: dict[str, Any] = {}
    breaker: dict[str, Any] = {}
    cooldown: dict[str, Any] = {}
    outliers: dict[str, Any] = {}
    hedge: dict[str, Any] = {}
    slots: dict[str, Any] = {}
    prices: dict[str, Any] = {}
    largest_body: int = 32 << 20
    in_flight: int = 4096
    drain_s: float = 30.0
    remembered: int = 10_000
    explained: int = 5_000
    snapshot_every_s: float = 10.0
    durability: str = "process"
    content: ContentSettings | None = None  #: None: hashes alone are kept
    keys: list[dict[str, Any]] = []  #: none: everybody may ask
    tenants: dict[str, dict[str, Any]] = {}
    jwt: list[dict[str, Any]] = []  #: who signs tokens; see `Issuer`
    accounts: bool = False  #: tenants and keys of the ledger's database may ask
    rules: str | None = None  #: the YAML file
    ledger: str | None = "sqlite:///{home}/ledger.db"  #: the database's URL; null: none
    audit: bool = True
    feeds: Literal["process", "thread"] = "process"  #: where ledger and audit log are written
    registry: str | None = None  #: the MLflow store of policies with a `uri`
    registry_every_s: float = 5.0
    log: LogSettings = LogSettings()
    otel: OtelSettings | None = None  #: None: neither traces nor measurements
    limits: dict[str, Any] = {}  #: {redis: URL} where several processes share them
    workers: int = 1  #: processes that serve; with more than one, another one learns for them
    publish: Publishing = Publishing()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Raises ConfigError that names a key that is wrong or unknown."""
        try:
            return msgspec.convert(dict(values), cls)
        except msgspec.ValidationError as error:
            raise ConfigError(f"the gateway's settings are wrong: {error}") from None

    def arm_table(self) -> dict[str, Arm]:
        """The arms by name; ConfigError for one without a backend that exists."""
        if not self.arms:
            raise ConfigError("arms is empty: name at least one model, such as arms.mini={…}")
        return {name: self._arm(name, fields) for name, fields in self.arms.items()}

    def folder(self) -> Path:
        """Where everything is kept that outlives the process."""
        return Path(self.home)

    def ledger_url(self) -> str:
        """The database's URL, with the folder filled in."""
        assert self.ledger is not None
        return self.ledger.format(home=self.folder())

    def _arm(self, name: str, fields: Mapping[str, Any]) -> Arm:
        backend = fields.get("backend")
        if backend not in self.backends:
            raise ConfigError(
                f"arms.{name}.backend is {backend!r}; there are: "
                f"{', '.join(sorted(self.backends)) or 'none'}"
            )
        try:
            return msgspec.convert({**fields, "name": name}, Arm)
        except msgspec.ValidationError as error:
            raise ConfigError(f"arms.{name}: {error}") from None


def checked_names(names: Sequence[str]) -> None:
    """Raise ConfigError for a policy's name that a URL or a header cannot carry."""
    for name in names:
        if not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
            raise ConfigError(f"policies.{name}: use letters, digits, '-', '_' and '.'")
