"""Updates of a client (RFC 7592) that race with other changes: compare-and-set."""

import asyncio
import json
from datetime import datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.errors import StaleVersionError
from app.models.clients.clients import Client
from app.schemas.clients import ClientCreate
from app.services.clients.stated_clients import stated_members
from app.services.operations.authority import FULL
from app.wiring import Services, build_services
from tests.conftest import AppFactory
from tests.protocol.registering import bearer, body_of, client_of, manage, path_of, registered
from tests.support.administration import rotate_secret
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error
from tests.support.parts import services_of
from tests.support.peer import HOST, Authority, Peer
from tests.support.visitor import REDIRECT_URI

pytestmark = pytest.mark.both_databases

SECTOR = "/sector"
OTHER = "http://localhost:3000/other"


@pytest_asyncio.fixture
async def app(start_app: AppFactory, authority: Authority) -> Application:
    return await start_app(outbound_allowed_hosts=HOST, outbound_ca_file=authority.ca_file)


@pytest_asyncio.fixture
async def operator(app: Application) -> Any:
    services = build_services(app.settings, app.clock)
    yield services
    await services.close()


class SlowDocument:
    """A sector document that answers when a test says so."""

    def __init__(self) -> None:
        self.is_requested = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.is_requested.set()
        await self.may_answer.wait()
        body = json.dumps([REDIRECT_URI, OTHER]).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()


@pytest.fixture
def document(peer: Peer) -> SlowDocument:
    made = SlowDocument()
    peer.answers[SECTOR] = made
    return made


def pairwise(peer: Peer, **metadata: Any) -> dict[str, Any]:
    return {
        "subject_type": "pairwise", "sector_identifier_uri": peer.url(SECTOR), **metadata
    }  # fmt: skip


async def begin(
    app: Application, document: SlowDocument, made: dict[str, Any], body: dict[str, Any]
) -> asyncio.Task[httpx.Response]:
    """Start an update and wait until it fetches the document."""
    update = asyncio.create_task(manage(app, "PUT", made, body))
    await document.is_requested.wait()
    return update


async def test_trust_granted_during_an_update_does_not_apply_to_the_new_metadata(
    app: Application, operator: Services, peer: Peer, document: SlowDocument
) -> None:
    """SECURITY_BAR row 41"""
    made = await registered(app, client_name="Seen by an administrator")
    update = await begin(app, document, made, body_of(made, client_name="New", **pairwise(peer)))
    await operator.clients.administration.set_trust(
        made["client_id"], "first_party", authority=FULL
    )
    document.may_answer.set()

    answer = await update

    client = await operator.clients.clients.get(made["client_id"])
    assert answer.status_code == 200
    assert [client.client_name, client.trust] == ["New", "none"]


async def test_the_later_of_two_concurrent_updates_replaces_all_of_the_earlier(
    app: Application, operator: Services, peer: Peer, document: SlowDocument
) -> None:
    """RFC 7592 section 2.2: an update replaces the metadata as a whole"""
    made = await registered(app)
    later = await begin(
        app, document, made, body_of(made, redirect_uris=[REDIRECT_URI, OTHER], **pairwise(peer))
    )
    earlier = await manage(
        app, "PUT", made, body_of(made, redirect_uris=["https://victim.example/cb"],
                                  client_name="Earlier", subject_type="pairwise"),
    )  # fmt: skip
    document.may_answer.set()

    answer = await later

    client = await operator.clients.clients.get(made["client_id"])
    assert [earlier.status_code, answer.status_code] == [200, 200]
    assert client.sector_identifier == HOST
    assert client.redirect_uri_list == [REDIRECT_URI, OTHER]
    assert client.client_name == ""


async def test_a_client_that_is_disabled_during_an_update_is_not_changed(
    app: Application, operator: Services, peer: Peer, document: SlowDocument
) -> None:
    """RFC 7592 section 3"""
    made = await registered(app, client_name="Before")
    update = await begin(app, document, made, body_of(made, client_name="After", **pairwise(peer)))
    await operator.clients.administration.set_disabled(
        made["client_id"], disabled=True, authority=FULL
    )
    document.may_answer.set()

    assert_oauth_error(await update, "invalid_token", status=401)
    assert (await operator.clients.clients.get(made["client_id"])).client_name == "Before"


async def test_an_update_does_not_undo_a_concurrent_secret_rotation(
    app: Application, operator: Services, peer: Peer, document: SlowDocument
) -> None:
    made = await registered(app)
    update = await begin(app, document, made, body_of(made, client_name="New", **pairwise(peer)))
    secret = await rotate_secret(operator, made["client_id"])
    document.may_answer.set()

    answer = await update

    old = await app.http.post("/introspect", data={"token": "x"}, auth=client_of(made).auth)
    new = await app.http.post("/introspect", data={"token": "x"}, auth=(made["client_id"], secret))
    assert answer.json()["client_name"] == "New"
    assert [old.status_code, new.status_code] == [401, 200]


async def test_an_unauthenticated_update_triggers_no_fetch(app: Application, peer: Peer) -> None:
    """SECURITY_BAR row 43: the caller is authenticated before its body is looked at"""
    made = await registered(app)

    answer = await app.http.put(
        path_of(made), headers=bearer("postern_rg_wrong"), json=body_of(made, **pairwise(peer))
    )

    assert_oauth_error(answer, "invalid_token", status=401)
    assert peer.count(SECTOR) == 0


async def test_an_update_that_conflicts_on_every_retry_is_refused(
    app: Application, operator: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is checked again three times, and then the client is told"""
    made = await registered(app, client_name="Before")
    clients = services_of(app).clients.clients
    find, reads = clients.find_by_registration_token, 0

    async def find_and_lose(client_id: str, token: str) -> Any:
        nonlocal reads
        reads += 1
        found = await find(client_id, token)
        trust = "verified" if reads % 2 else "none"
        await operator.clients.administration.set_trust(client_id, trust, authority=FULL)  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(clients, "find_by_registration_token", find_and_lose)
    answer = await manage(app, "PUT", made, body_of(made, client_name="After"))

    assert_oauth_error(answer, "invalid_client_metadata")
    assert answer.json()["error_description"] == (
        "The client was changed in the meantime. Try again."
    )
    assert reads == 5  # once to authenticate, once to update, three times again
    assert (await operator.clients.clients.get(made["client_id"])).client_name == "Before"


async def test_the_first_use_of_a_client_during_its_update_is_not_a_conflict(
    app: Application, peer: Peer, document: SlowDocument
) -> None:
    """A client that is used stays, whatever it does meanwhile"""
    made = await registered(app)
    update = await begin(app, document, made, body_of(made, client_name="New", **pairwise(peer)))
    await services_of(app).clients.clients._client_repository.mark_used(made["client_id"])
    document.may_answer.set()

    assert (await update).status_code == 200
    app.clock.advance(seconds=31 * 86_400)
    assert (await manage(app, "GET", made)).json()["client_name"] == "New"


async def test_a_rotation_does_not_add_a_secret_to_a_client_without_one(
    app: Application, operator: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator's rotation must not undo the client's change to another method"""
    client = await app.create_client()
    before = await operator.clients.clients.get(client.client_id)
    public = ClientCreate.model_validate(
        {
            **stated_members(before),
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code"],
        }
    )
    await operator.clients.administered.change(before, public, authority=FULL)

    async def find_as_before(client_id: str, *, now: datetime) -> Client:
        return before

    monkeypatch.setattr(operator.core.client_repository, "find_registered", find_as_before)
    with pytest.raises(StaleVersionError):
        await rotate_secret(operator, client.client_id)

    monkeypatch.undo()
    assert (await operator.clients.clients.get(client.client_id)).secret_digest is None
