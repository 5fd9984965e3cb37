"""`/admin/agents` and `/admin/blocked-hosts`: clients with a metadata document in the console."""

import csv
import io
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.models.oauth.actors import Actor
from app.pages.admin.client_links import url_of_client
from app.security.document_urls import DIGEST, stored_client_id
from app.services.accounts.events import AccountEvent
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS
from tests.support.administration import events_of, id_of
from tests.support.application import Application, TestUser
from tests.support.client_documents import stored_document
from tests.support.console import administrator_in, told
from tests.support.parts import services_of
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
AGENTS, BLOCKED = "/admin/agents", "/admin/blocked-hosts"
HOST = "agent.example"
SHORT = f"https://{HOST}/client.json"
LONG = f"https://{HOST}/{'long' * 100}/client.json"


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app()


@pytest.mark.parametrize("url", [SHORT, LONG])
async def test_agents_are_listed_with_their_users_and_shown(
    app: Application, visitor: Visitor, user: TestUser, url: str
) -> None:
    await administrator_in(visitor)
    empty = await visitor.get(AGENTS)
    client = await stored_document(services_of(app), url, user, scope="openid")
    clients = services_of(app).clients
    clients.usage.note_token(client.client_id, app.clock.now(), user_id=await id_of(app, user))
    await clients.usage.store()

    listed, of_host = await visitor.get(AGENTS), await visitor.get(AGENTS, search=HOST.upper())
    of_other = await visitor.get(AGENTS, search="other.example")
    shown = await visitor.get(url_of_client(client.client_id))

    at = app.clock.now().strftime("%Y-%m-%d %H:%M")
    assert "Agents appear here once a user has signed in to one." in told(empty)
    for page in (listed, of_host):
        assert f"An agent {HOST} {url} 1 {at}" in told(page)
    assert "No agent of this host." in told(of_other)
    for text in (url, "not verified", user.username, "redirect_uris", f"Fresh until {at}"):
        assert text in told(shown)


async def test_the_tokens_and_consents_of_a_client_have_pages(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """More than the page of a client shows"""
    client = await app.create_client(grant_types=["password", "client_credentials"])
    for _ in range(11):
        await app.password_grant(client, user)
    await app.client_credentials(client)
    await administrator_in(visitor)
    url = f"/admin/clients/{client.client_id}"

    page, tokens = await visitor.get(url), await visitor.get(f"{url}/tokens")
    consents = await visitor.get(f"{url}/consents")

    assert "Show all tokens" in told(page)
    assert "Users appear here when they allow this client" in told(page)
    assert told(tokens).count(user.username) == 11
    assert "The client itself" in told(tokens)
    assert consents.status_code == 200


async def test_a_host_is_blocked_and_unblocked(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await administrator_in(visitor)
    client = await stored_document(services_of(app), SHORT, user)
    empty = await visitor.get(BLOCKED)
    wrong = await visitor.submit(await visitor.get(f"{BLOCKED}/+new"), host="https://a.example/")

    page = await visitor.submit(await visitor.get(f"{BLOCKED}/+new"), host=f" {HOST.upper()}. ")
    listed = await visitor.follow(page)
    gone = await visitor.get(url_of_client(client.client_id))
    unblocked = await visitor.submit(await visitor.get(f"{BLOCKED}/{HOST}/unblock"))
    after = await visitor.follow(unblocked)

    assert "Blocked hosts appear here." in told(empty)
    assert wrong.status_code == 422
    assert 'id="host-error"' in wrong.text
    assert page.headers["location"] == f"{BLOCKED}?done=added"
    assert HOST in told(listed)
    assert gone.status_code == 404
    assert unblocked.headers["location"] == f"{BLOCKED}?done=removed"
    assert "Blocked hosts appear here." in told(after)
    assert (await visitor.get(f"{BLOCKED}/{HOST}/unblock")).status_code == 404
    [event] = await events_of(app, "client.host_blocked")
    assert SHORT in event.details


async def test_the_host_of_an_agent_is_blocked_from_its_page(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await administrator_in(visitor)
    client = await stored_document(services_of(app), SHORT, user)
    url = url_of_client(client.client_id)

    shown, form = await visitor.get(url), await visitor.get(f"{url}/block")
    page = await visitor.submit(form)

    assert f'href="{url}/block"' in shown.text
    assert f"All agents of the host {HOST} will be refused" in told(form)
    assert page.headers["location"] == f"{BLOCKED}?done=added"
    assert [each.host for each in await services_of(app).clients.blocked_hosts.list_page()] == [
        HOST
    ]


async def places_of_acts(app: Application, user: TestUser) -> tuple[Any, list[str]]:
    """Return a client, and the forms that change something."""
    client = await stored_document(services_of(app), SHORT, user)
    await services_of(app).clients.blocked_hosts.block("other.example", authority=FULL)
    return client, [
        f"{BLOCKED}/+new",
        f"{BLOCKED}/other.example/unblock",
        f"{key_of(client)}/block",
    ]


async def test_an_auditor_reads_agents_and_hosts_and_blocks_none(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    client, acts = await places_of_acts(app, user)
    await administrator_in(visitor, "auditor")

    for place in (BLOCKED, AGENTS, key_of(client), f"{key_of(client)}/tokens"):
        page = await visitor.get(place)
        assert page.status_code == 200
        assert not any(act in page.text for act in acts)
    for act in acts:
        assert (await visitor.get(act)).status_code == 403


async def test_blocking_needs_a_recent_sign_in(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    _, acts = await places_of_acts(app, user)
    await administrator_in(visitor)
    app.clock.advance(seconds=FRESH_SECONDS)

    for act in acts:
        page = await visitor.get(act)
        assert page.headers["location"].startswith("/login?next=admin%2F")


@pytest.mark.parametrize(
    "key", ["unknown", "aHR0cHM6Ly9hLmV4YW1wbGUvYg", "aHR0cHM6Ly8A", "%00", "x" * 300]
)
async def test_an_unknown_agent_is_not_found(visitor: Visitor, key: str) -> None:
    await administrator_in(visitor)

    assert (await visitor.get(f"{AGENTS}/{key}")).status_code == 404


async def test_an_agent_has_no_page_among_the_registered_clients(
    app: Application, visitor: Visitor
) -> None:
    """Where its publisher's statements could be changed"""
    client = await stored_document(services_of(app), LONG)
    await administrator_in(visitor)

    for place in ("", "/edit", "/tokens"):
        page = await visitor.get(f"/admin/clients/{client.client_id}{place}")
        assert page.status_code == 404


def key_of(client: Any) -> str:
    return url_of_client(client.client_id)


async def events_csv(visitor: Visitor, **values: str) -> list[dict[str, str]]:
    answer: httpx.Response = await visitor.get("/admin/audit/events.csv", **values)
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_the_audit_log_names_agents_and_the_actors_of_delegated_tokens(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """Issue 18, item 8: a long URL is stored as a digest, which says nothing to a reader"""
    await administrator_in(visitor)
    client = await stored_document(services_of(app), LONG, user)
    actors = [Actor(client_id="reports"), Actor(client_id=client.client_id)]
    await services_of(app).core.audit.record(
        AccountEvent.TOKEN_EXCHANGED,
        user_id=await id_of(app, user),
        client_id=client.client_id,
        actor=f"client:{client.client_id}",
        actors=[each.named for each in actors],
        subject_client=client.client_id,
    )

    listed = await visitor.get("/admin/audit", action="token.exchanged")
    url = listed.text.partition("<tbody>")[2].partition('href="')[2].partition('"')[0]
    shown, [row] = await visitor.get(url), await events_csv(visitor, action="token.exchanged")
    await services_of(app).clients.blocked_hosts.block(HOST, authority=FULL)
    deleted = await visitor.get(url)

    for page in (listed, shown):
        assert f"Actors: client:reports, client:{LONG}" in told(page)
        assert f'href="{key_of(client)}"' in page.text
        assert DIGEST not in told(page)
    assert f"subject_client {LONG}" in told(shown)
    assert (row["client_id"], row["client_url"]) == (stored_client_id(LONG), LONG)
    assert row["actors"] == f"client:reports client:{LONG}"
    assert row["actor"] == f"client:{LONG}"
    assert LONG in row["details"]
    assert stored_client_id(LONG) in told(deleted)


async def test_a_consent_to_a_client_with_a_long_url_names_it(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """For as long as the event is kept, although its document may be deleted"""
    await stored_document(services_of(app), LONG, user)

    [event] = await events_of(app, "consent.granted")

    assert LONG in event.details


async def test_the_page_of_a_user_leads_to_the_agents_that_they_allowed(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    client = await stored_document(services_of(app), SHORT, user)
    await administrator_in(visitor)

    page = await visitor.get(f"/admin/users/{await id_of(app, user)}")

    assert f"{HOST} An agent" in told(page)
    assert f'href="{key_of(client)}"' in page.text
