"""From an Authorization header to who asks: keys and tokens, of the settings and the database."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from sqlalchemy import Engine

from gairp.errors import ConfigError
from gairp.gateway.database.away import needed_for
from gairp.gateway.errors import ApiError
from gairp.gateway.principal import Principal
from gairp.gateway.tenants.issuer import Issuer
from gairp.gateway.tenants.keyring import Fetch, Keyring
from gairp.gateway.tenants.quotas import Holders
from gairp.gateway.tenants.roster import Holder, Roster, read_roster, stored_version
from gairp.gateway.tenants.secret import digest
from gairp.gateway.tenants.static import StaticKeys
from gairp.gateway.tenants.tokens import TokenVerifier, UnknownSignerError, principal_of
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_NOBODY: Mapping[bytes, Holder] = {}


class Authenticator:
    """`authenticate` is served from memory; `start` reads the database and keeps up with it.

    Where the database is away, those who are known stay known, and changes wait: `failing` says so.
    """

    def __init__(
        self,
        *,
        static: StaticKeys | None = None,
        issuers: Sequence[Issuer] = (),
        store: Engine | None = None,
        every_s: float = 1.0,
        fetch: Fetch | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`issuers` of the settings come before those of the database of the same name."""
        if len({issuer.issuer for issuer in issuers}) < len(issuers):
            raise ConfigError("two token issuers of the settings have the same name")
        self.failing: str | None = None
        self._changed: Callable[[], None] = _nothing
        self._static, self._own_issuers, self._store = static, tuple(issuers), store
        self._every_s, self._fetch, self._now = every_s, fetch, now
        self._own_quotas = {} if static is None else static.quotas
        self._keyrings: dict[str, Keyring] = {}
        self._tasks: dict[str, tuple[Keyring, asyncio.Task[None]]] = {}
        self._following: asyncio.Task[None] | None = None
        self._install(Roster(-1, _NOBODY, None, Holders(self._own_quotas), ()))

    # -- the hot path ----------------------------------------------------------------------

    def authenticate(self, authorization: bytes) -> Principal:
        """ApiError 401; UnknownSignerError, which is one, where `slow` may do better."""
        scheme, _, secret = authorization.partition(b" ")
        secret = secret.strip()
        if scheme.lower() != b"bearer" or not secret:
            raise _no_key()
        holder = self._holders.get(digest(secret))
        if holder is not None:
            if holder.refused is not None:
                raise _bad_key(holder.refused)
            if holder.expires_at <= self._now():
                raise _bad_key("it has expired")
            return holder.principal
        if self._keyrings and secret.count(b".") == 2:
            return self._tokens.verify(secret)
        raise _wrong_key()

    async def slow(self, authorization: bytes) -> Principal:
        """As `authenticate`; fetches an issuer's keys anew for a key that is not known."""
        try:
            return self.authenticate(authorization)
        except UnknownSignerError as unknown:
            if not await unknown.keyring.refresh_for_unknown():
                raise
        return self.authenticate(authorization)

    # -- beside it -------------------------------------------------------------------------

    async def start(self) -> None:
        """Read the database, fetch the issuers' keys. Raises DataError without a database.

        Keys that cannot be fetched now are tried again and again, and their tokens wait (503).
        """
        if self._store is not None:
            with needed_for("tenants, keys and quotas"):
                await self.follow()
            self._following = asyncio.create_task(self._follow_on())
        self._keep_keyrings()
        await asyncio.gather(*(ring.refresh() for ring in self._keyrings.values()))

    async def aclose(self) -> None:
        """Ends what `start` began."""
        tasks = [task for _, task in self._tasks.values()]
        if self._following is not None:
            tasks.append(self._following)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks, self._following = {}, None

    async def follow(self) -> None:
        """Take over what has changed in the database since the last time."""
        if self._store is None:
            return
        if await asyncio.to_thread(stored_version, self._store) != self._roster.version:
            self._install(await asyncio.to_thread(read_roster, self._store, self._own_quotas))

    async def _follow_on(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.follow()
                self._keep_keyrings()
                self.failing = None
            except Exception as error:  # the database is away, most likely
                if self.failing is None:
                    note(_LOG, logging.ERROR, "accounts.unseen",
                         f"changes to tenants and keys are not seen: {error}")  # fmt: skip
                self.failing = f"{type(error).__name__}: {error}"

    @property
    def quotas_in_usd(self) -> Sequence[str]:
        """Their names, of settings and database."""
        return self._roster.quotas.in_usd

    def tell(self, changed: Callable[[], None]) -> None:
        """`changed` is called now, and whenever the database says something new."""
        self._changed = changed
        changed()

    def _install(self, roster: Roster) -> None:
        static = self._static.holders if self._static is not None else _NOBODY
        self._roster = roster
        self._holders = {**roster.holders, **static}
        issuers = {issuer.issuer: issuer for issuer in (*roster.issuers, *self._own_issuers)}
        self._keyrings = {name: self._keyring(issuer) for name, issuer in issuers.items()}
        self._tokens = TokenVerifier(self._keyrings, welcome=self._welcome, now=self._now)
        self._changed()

    def _keyring(self, issuer: Issuer) -> Keyring:
        """The one that is there, where its issuer is the same."""
        known = self._keyrings.get(issuer.issuer)
        if known is not None and known.issuer == issuer:
            return known
        return Keyring(issuer, fetch=self._fetch)

    def _welcome(self, issuer: Issuer, claims: Mapping[str, object]) -> Principal:
        principal = principal_of(issuer, claims, self._roster.quotas.of)
        self._roster.require_project(principal.tenant, principal.project)
        return principal

    def _keep_keyrings(self) -> None:
        """A task for each issuer, and none for one that is gone or changed."""
        wanted = {name: ring for name, ring in self._keyrings.items() if ring.issuer.jwks is None}
        for name, (kept, task) in list(self._tasks.items()):
            if wanted.get(name) is not kept:
                task.cancel()
                del self._tasks[name]
        for name, ring in wanted.items():
            if name not in self._tasks:
                self._tasks[name] = ring, asyncio.create_task(ring.keep())


def _nothing() -> None:
    return None


def _no_key() -> ApiError:
    return _unauthorized("You didn't provide an API key: send it as Authorization: Bearer KEY")


def _wrong_key() -> ApiError:
    return _unauthorized("Incorrect API key provided")


def _bad_key(why: str) -> ApiError:
    return _unauthorized(f"The API key is not accepted: {why}")


def _unauthorized(message: str) -> ApiError:
    return ApiError(
        401, message, code="invalid_api_key", headers={"www-authenticate": "Bearer"}
    )  # fmt: skip
