"""Initial access tokens and registration access tokens in the console."""

import re
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio

from app.models.clients.initial_access_tokens import InitialAccessToken
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS
from tests.support.administration import events_of
from tests.support.application import Application, TestClient
from tests.support.console import administrator_in, secret_in, told
from tests.support.parts import services_of
from tests.support.visitor import Visitor, visiting

DATABASES = ("sqlite",)
PATH = "/admin/initial-access-tokens"
METADATA = {"redirect_uris": ["https://app.example.com/callback"]}


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app(dynamic_registration="token")


async def new_token(app: Application, label: str = "Partner") -> tuple[str, InitialAccessToken]:
    return await services_of(app).clients.initial_access_tokens.create(
        label, lasts=timedelta(days=1), authority=FULL
    )


async def valid_tokens(app: Application) -> list[InitialAccessToken]:
    return list(await services_of(app).clients.initial_access_tokens.list_page())


async def registered_with(app: Application, token: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return await app.http.post("/register", json=METADATA, headers=headers)


async def read_with(app: Application, client: TestClient, token: str) -> int:
    """Return the status of a client that reads its own registration."""
    headers = {"authorization": f"Bearer {token}"}
    return (await app.http.get(f"/register/{client.client_id}", headers=headers)).status_code


def path_of(client: TestClient) -> str:
    return f"/admin/clients/{client.client_id}/registration-token"


async def test_an_initial_access_token_is_created_and_shown_once(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    empty, form = await visitor.get(PATH), await visitor.get(f"{PATH}/+new")

    page = await visitor.submit(form, label="<b>Partner</b>", expires_in="30")
    listed = await visitor.get(PATH)

    [token] = await valid_tokens(app)
    assert "Valid tokens appear here." in told(empty)
    assert page.headers["cache-control"] == "no-store"
    assert (await registered_with(app, secret_in(page))).status_code == 201
    assert secret_in(page) not in listed.text
    assert "<b>Partner</b>" in told(listed)
    assert token.expires_at - token.created_at == timedelta(days=30)
    [event] = await events_of(app, "client.invited")
    assert secret_in(page) not in event.details


@pytest.mark.parametrize(
    ("field", "values", "message"),
    [
        ("label", {"label": "x" * 201}, "Note must have at most 200 characters"),
        ("expires_in", {"expires_in": "0"}, "Choose one of the values."),
        ("expires_in", {"expires_in": "36500"}, "Choose one of the values."),
        ("expires_in", {"expires_in": "soon"}, "Choose one of the values."),
    ],
)
async def test_a_value_that_is_not_allowed_is_reported_beside_its_field(
    app: Application, visitor: Visitor, field: str, values: dict[str, str], message: str
) -> None:
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new")

    page = await visitor.submit(form, **{"label": "Partner", "expires_in": "7", **values})

    assert page.status_code in (400, 422)
    assert f'id="{field}-error">{message}' in page.text
    assert await valid_tokens(app) == []


async def test_an_initial_access_token_is_revoked_and_its_clients_remain(
    app: Application, visitor: Visitor
) -> None:
    secret, token = await new_token(app)
    client = (await registered_with(app, secret)).json()
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/{token.token_id}/revoke")

    page, again = await visitor.submit(form), await visitor.submit(form)

    assert "Partner" in told(form)
    assert page.headers["location"] == f"{PATH}?done=removed"
    assert again.status_code == 404
    assert (await registered_with(app, secret)).status_code == 401
    assert await services_of(app).clients.clients.get(client["client_id"])


async def test_tokens_are_listed_page_by_page(app: Application, visitor: Visitor) -> None:
    labels = {f"Team-{number}-of-many" for number in range(51)}
    for label in labels:
        await new_token(app, label)
    await administrator_in(visitor)

    first = await visitor.get(PATH)
    [query] = re.findall(rf'href="{PATH}\?after=([0-9a-f]+)"', first.text)
    second = await visitor.get(PATH, after=query)

    shown = [set(re.findall(r"Team-\d+-of-many", page.text)) for page in (first, second)]
    assert [len(each) for each in shown] == [50, 1]
    assert shown[0] | shown[1] == labels


async def test_the_page_says_so_if_no_client_can_register(start_app: AppFactory) -> None:
    app = await start_app(dynamic_registration="off")
    async with visiting(app) as visitor:
        await administrator_in(visitor)

        page = await visitor.get(PATH)

    assert "once the setting DYNAMIC_REGISTRATION is token or open" in told(page)


@pytest.mark.parametrize("token_id", ["0" * 32, "x", "0" * 31 + "%00"])
async def test_an_unknown_token_is_not_found(visitor: Visitor, token_id: str) -> None:
    await administrator_in(visitor)

    assert (await visitor.get(f"{PATH}/{token_id}/revoke")).status_code == 404


async def test_a_registration_access_token_is_issued_replaced_and_revoked(
    app: Application, visitor: Visitor
) -> None:
    client = await app.create_client()
    await administrator_in(visitor)
    url = f"/admin/clients/{client.client_id}"
    before = await visitor.get(url)

    first = await visitor.submit(await visitor.get(path_of(client)))
    second = await visitor.submit(await visitor.get(path_of(client)))
    shown = await visitor.get(url)
    statuses = [await read_with(app, client, secret_in(page)) for page in (first, second)]
    revoked = await visitor.submit(await visitor.get(f"{path_of(client)}/revoke"))

    assert statuses == [401, 200]
    assert f"/register/{client.client_id}" in told(second)
    assert secret_in(second) not in shown.text
    assert "no token with which it changes its own registration" in told(before)
    assert f'href="{path_of(client)}/revoke"' not in before.text
    assert f'href="{path_of(client)}/revoke"' in shown.text
    assert revoked.headers["location"] == f"{url}?done=removed"
    assert await read_with(app, client, secret_in(second)) == 401


async def places_of_acts(app: Application) -> tuple[TestClient, list[str]]:
    """Return a client with a token, and the forms that change something."""
    client, (_, token) = await app.create_client(), await new_token(app)
    await services_of(app).clients.registration_tokens.issue(client.client_id, authority=FULL)
    return client, [
        f"{PATH}/+new",
        f"{PATH}/{token.token_id}/revoke",
        path_of(client),
        f"{path_of(client)}/revoke",
    ]


async def test_an_auditor_reads_tokens_and_changes_none(app: Application, visitor: Visitor) -> None:
    client, acts = await places_of_acts(app)
    await administrator_in(visitor, "auditor")

    for place in (PATH, f"/admin/clients/{client.client_id}"):
        page = await visitor.get(place)
        assert page.status_code == 200
        assert not any(f'"{act}"' in page.text for act in acts)
    for act in acts:
        assert (await visitor.get(act)).status_code == 403


async def test_tokens_are_created_and_revoked_after_a_recent_sign_in(
    app: Application, visitor: Visitor
) -> None:
    _, acts = await places_of_acts(app)
    await administrator_in(visitor)
    app.clock.advance(seconds=FRESH_SECONDS)

    for act in acts:
        page = await visitor.get(act)
        assert page.headers["location"].startswith("/login?next=admin%2F")
