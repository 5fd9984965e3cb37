"""`postern clients trust` and `postern clients invite`."""

import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.cli.conftest import Postern, Result
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import Visitor, answer_in, text_of


@pytest.fixture
def clients(app: Application, postern: Postern) -> Postern:
    """`postern clients …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        return await postern("clients", *arguments, DATABASE_URL=app.settings.database_url)

    return run


async def test_a_new_client_is_not_trusted(client: TestClient, clients: Postern) -> None:
    shown = json.loads((await clients("show", "--json", client.client_id)).output)

    assert shown["trust"] == "none"


async def test_the_consent_page_marks_a_verified_client(
    client: TestClient, user: TestUser, visitor: Visitor, clients: Postern
) -> None:
    before = await visitor.sign_in(await visitor.authorize(client), user)

    result = await clients("trust", "--json", client.client_id, "verified")

    after = await visitor.authorize(client)
    assert json.loads(result.output)["trust"] == "verified"
    assert 'action="/consent"' in after.text
    assert text_of(before).split() != text_of(after).split()
    assert "verified" in text_of(after).lower()


async def test_a_first_party_client_needs_no_consent_until_its_trust_is_removed(
    client: TestClient, user: TestUser, visitor: Visitor, clients: Postern
) -> None:
    """SECURITY_BAR row 34"""
    await clients("trust", client.client_id, "first_party")
    allowed = await visitor.sign_in(await visitor.authorize(client), user)
    await clients("trust", client.client_id, "none")

    page = await visitor.authorize(client)

    assert "code" in answer_in(allowed)
    assert 'action="/consent"' in page.text


@pytest.mark.parametrize("trust", ["none", "verified", "first_party"])
async def test_an_unknown_client_is_a_one_line_error_with_exit_code_1(
    clients: Postern, trust: str
) -> None:
    result = await clients("trust", "nobody", trust)

    assert result.code == 1
    assert result.errors == "postern: There is no client with that ID.\n"


@pytest.mark.parametrize("arguments", [("trust", "x"), ("trust", "x", "much"), ("trust",)])
async def test_invalid_arguments_print_the_usage(
    clients: Postern, arguments: tuple[str, ...]
) -> None:
    result = await clients(*arguments)

    assert result.code == 2
    assert "usage: postern clients trust" in result.errors.lower()


@pytest_asyncio.fixture
async def closed_app(start_app: AppFactory) -> Application:
    """Registers clients for who was invited."""
    return await start_app(dynamic_registration="token")


async def invite(app: Application, postern: Postern, *arguments: str) -> dict[str, Any]:
    result = await postern(
        "clients", "invite", "--json", *arguments, DATABASE_URL=app.settings.database_url
    )
    assert result.code == 0, result.errors
    row: dict[str, Any] = json.loads(result.output)
    return row


async def register(app: Application, token: str) -> httpx.Response:
    return await app.http.post(
        "/register",
        json={"redirect_uris": ["https://app.example.com/cb"]},
        headers={"Authorization": f"Bearer {token}"},
    )


async def test_an_invitation_allows_registration_while_registration_is_closed(
    closed_app: Application, postern: Postern
) -> None:
    """RFC 7591 section 3; SECURITY_BAR row 41"""
    stranger = await register(closed_app, "")

    row = await invite(closed_app, postern, "--label", "a team")

    assert stranger.status_code == 401
    assert row["expires_in"] == 7 * 86_400
    answers = [await register(closed_app, row["initial_access_token"]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert (await register(closed_app, row["initial_access_token"] + "x")).status_code == 401


async def test_an_invitation_expires(closed_app: Application, postern: Postern) -> None:
    row = await invite(closed_app, postern, "--days", "1")
    closed_app.clock.advance(seconds=90_000)  # a command reads the machine's clock

    assert row["expires_in"] == 86_400
    assert (await register(closed_app, row["initial_access_token"])).status_code == 401


@pytest.mark.parametrize("days", ["0", "-1", "3651", "99999999999"])
async def test_the_lifetime_of_an_invitation_must_be_1_to_3650_days(
    clients: Postern, days: str
) -> None:
    result = await clients("invite", "--days", days)

    assert result.code == 1
    assert result.errors == "postern: --days must be between 1 and 3650.\n"


@pytest.mark.parametrize("label", ["x" * 1000, "a\x00b", "\udcff", "'; DROP TABLE clients; --"])
async def test_a_label_is_stored_or_refused(clients: Postern, label: str) -> None:
    """SECURITY_BAR row 44"""
    result = await clients("invite", "--label", label)

    assert result.code in (0, 1)
    assert "Traceback" not in result.errors
