"""Changes reach a gateway that runs; issuers' keys are fetched, and how often."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from gairp.errors import ConfigError, DataError
from gairp.gateway.database.store import open_store
from gairp.gateway.errors import ApiError
from gairp.gateway.tenants import authenticator as module
from gairp.gateway.tenants.accounts import disable_tenant
from gairp.gateway.tenants.authenticator import Authenticator
from gairp.gateway.tenants.issuer import Issuer
from gairp.gateway.tenants.issuers import set_issuer
from gairp.gateway.tenants.keyring import Keyring, fetch_jwks
from gairp.gateway.tenants.keys import create_key, revoke_key
from gairp.gateway.tenants.tokens import UnknownSignerError
from tests.gateway.tenants.world import bearer, desk, issuer, jwk, jwks, token

URL = "https://login.example.com/keys"
NEXT = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """What is at the URL; counts how often it is asked."""

    def __init__(self, *documents: Any) -> None:
        self.documents = list(documents)
        self.asked = 0

    def __call__(self, url: str) -> Any:
        assert url == URL
        self.asked += 1
        found = self.documents[min(self.asked, len(self.documents)) - 1]
        if isinstance(found, Exception):
            raise found
        return found


def run(
    work: Callable[[Authenticator], Awaitable[Any]], provider: Provider | None = None, **more: Any
) -> Any:
    async def main() -> Any:
        gate = Authenticator(
            issuers=[] if provider is None else [Issuer.of(issuer(jwks_url=URL))],
            fetch=provider, every_s=0.01, **more,
        )  # fmt: skip
        await gate.start()
        try:
            return await work(gate)
        finally:
            await gate.aclose()

    return asyncio.run(main())


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


def refused(gate: Authenticator, text: str) -> bool:
    try:
        gate.authenticate(bearer(text))
    except ApiError:
        return True
    return False


def test_changes_reach_it_while_it_runs(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/a.db")
    it = desk(store, None, "acme")
    old = create_key(it, "acme")

    async def work(gate: Authenticator) -> None:
        assert gate.authenticate(bearer(old.secret.text)).key_id == old.key.id
        new = create_key(it, "acme")
        await eventually(lambda: not refused(gate, new.secret.text))
        revoke_key(it, old.key.id)
        await eventually(lambda: refused(gate, old.secret.text))
        set_issuer(it, issuer())
        await eventually(lambda: not refused(gate, token()))
        disable_tenant(it, "acme")
        await eventually(lambda: refused(gate, token()))
        assert refused(gate, new.secret.text)

    run(work, store=store)
    store.dispose()


def test_without_its_database_it_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/a.db")
    new = create_key(desk(store, None, "acme"), "acme")

    async def work(gate: Authenticator) -> None:
        def away(store: Any) -> int:
            raise OperationalError("select", {}, Exception("gone"))

        monkeypatch.setattr(module, "stored_version", away)
        await eventually(lambda: gate.failing is not None)
        assert gate.authenticate(bearer(new.secret.text)).tenant == "acme"
        monkeypatch.undo()
        await eventually(lambda: gate.failing is None)

    run(work, store=store)
    store.dispose()
    assert caplog.text.count("are not seen") == 1


def test_it_does_not_start_without_its_database_and_says_what_to_do() -> None:
    url = "postgresql+psycopg://gairp:hunter2@127.0.0.1:1/accounts"
    store = create_engine(url, hide_parameters=True)
    with pytest.raises(DataError, match="start it again when the database is back") as caught:
        run(lambda gate: asyncio.sleep(0), store=store)
    assert str(caught.value).startswith("tenants, keys and quotas cannot be read")
    assert "hunter2" not in str(caught.value)
    store.dispose()


def test_a_new_key_of_the_issuer_is_fetched_once_for_all_who_wait() -> None:
    provider = Provider(jwks(), jwks(jwk("RS256"), jwk("RS256", NEXT, kid="next")))
    new = token(key=NEXT, headers={"kid": "next"})

    async def work(gate: Authenticator) -> list[str]:
        assert gate.authenticate(bearer(token())).tenant == "acme"
        with pytest.raises(UnknownSignerError):
            gate.authenticate(bearer(new))
        _past_cooldown(gate)
        found = await asyncio.gather(*(gate.slow(bearer(new)) for _ in range(20)))
        return [one.tenant for one in found]

    assert run(work, provider) == ["acme"] * 20
    assert provider.asked == 2


def test_invented_kids_cause_one_fetch_in_a_while() -> None:
    provider = Provider(jwks())

    async def work(gate: Authenticator) -> None:
        for i in range(50):
            if i in (0, 25):
                _past_cooldown(gate)
            with pytest.raises(ApiError) as caught:
                await gate.slow(bearer(token(key=NEXT, headers={"kid": f"k{i}"})))
            assert caught.value.status == 401

    run(work, provider)
    assert provider.asked == 3


def test_a_withdrawn_key_ends_remembered_tokens() -> None:
    provider = Provider(jwks(), jwks(jwk("RS256", NEXT, kid="next")))

    async def work(gate: Authenticator) -> None:
        text = token()
        assert not refused(gate, text)
        await next(iter(gate._keyrings.values())).refresh()
        assert refused(gate, text)

    run(work, provider)


def test_an_issuer_that_cannot_be_reached_is_not_the_clients_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider = Provider(DataError("down"), jwks(), DataError("down"))

    async def work(gate: Authenticator) -> None:
        with pytest.raises(ApiError, match="cannot be had") as caught:
            gate.authenticate(bearer(token()))
        assert (caught.value.status, caught.value.headers["retry-after"]) == (503, "5")
        (ring,) = gate._keyrings.values()
        await ring.refresh()
        assert not refused(gate, token())
        await ring.refresh()
        assert ring.failing == "DataError: down"
        assert not refused(gate, token())  # the old keys stay

    run(work, provider)
    assert "could not be fetched: down" in caplog.text


def test_keys_are_not_trusted_for_ever() -> None:
    now = [0.0]
    ring = Keyring(
        Issuer.of(issuer(jwks_url=URL)), fetch=Provider(jwks(), DataError("down")),
        now=lambda: now[0],
    )  # fmt: skip
    asyncio.run(ring.refresh())
    now[0] = 86_400.0
    asyncio.run(ring.refresh())
    assert ring.keys is not None
    now[0] += 1
    assert ring.keys is None


def test_two_issuers_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="same name"):
        Authenticator(issuers=[Issuer.of(issuer())] * 2)


def _past_cooldown(gate: Authenticator) -> None:
    (ring,) = gate._keyrings.values()
    ring._tried_at -= ring.issuer.cooldown_s


ANSWERS: dict[str, tuple[int, bytes]] = {
    "/keys": (200, b'{"keys": []}'),
    "/moved": (302, b""),
    "/long": (200, b'"' + b"x" * (1 << 20) + b'"'),
    "/text": (200, b"<html>"),
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.send_header("location", "http://169.254.169.254/")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


def test_fetching_follows_nothing_and_reads_no_more_than_a_megabyte() -> None:
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        assert fetch_jwks(f"{base}/keys") == {"keys": []}
        for path, why in {"/moved": "302", "/long": "megabyte", "/text": "no JSON"}.items():
            with pytest.raises(DataError, match=why):
                fetch_jwks(base + path)
        server.shutdown()
    with pytest.raises(DataError, match="did not answer"):
        fetch_jwks(base)
