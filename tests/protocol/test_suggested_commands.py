"""Commands in the reasons of refusals, which an operator copies into a shell.

Callers choose the identifiers in them: each is one word, whatever its characters.
"""

import subprocess

import pytest
import pytest_asyncio

from app.oauth.exchange.token_types import ACCESS_TOKEN
from tests.protocol.exchanges import Fleet, new_fleet
from tests.support.application import Application, TestClient, TestUser
from tests.support.authorization_types import new_type, payment, sent
from tests.support.exchange import Service, named_service
from tests.support.refusals import recorded_refusals
from tests.support.resources import new_resource

ODD = "agent;id&$(id)'`id`"


@pytest_asyncio.fixture
async def odd(app: Application) -> Service:
    """A service whose client ID has characters that a shell acts upon, as the URL of an agent."""
    return await named_service(app, f"{app.new_name('odd')};{ODD}")


async def suggested(app: Application, client: TestClient, **form: str) -> list[str]:
    """Return the words of the command that the refusal of a token request suggests."""
    form = {"grant_type": "client_credentials", **form}
    with recorded_refusals() as records:
        response = await app.http.post("/token", data=form, auth=client.auth)
    assert response.status_code == 400, response.text
    reason = records.one(response.headers["x-request-id"]).reason
    return words_of(reason.partition("run `")[2].rpartition("`")[0])


def words_of(command: str) -> list[str]:
    """Return what a shell makes of a command."""
    shell = ["sh", "-c", f"printf '%s\\n' {command}"]
    return subprocess.run(shell, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize(
    "identifier",
    [
        "https://api.example/$(id)",
        "https://api.example/`id`",
        "https://api.example/;id&",
        "https://api.example/it's'",
        "https://api.example/~user/!1",
    ],
)
async def test_an_unknown_resource_is_one_word(
    app: Application, client: TestClient, identifier: str
) -> None:
    words = await suggested(app, client, resource=identifier)

    assert words == ["postern", "resources", "create", "NAME", "--identifier", identifier]


@pytest.mark.parametrize("length", [1, 60, 120, 200, 400, 4000])
async def test_the_command_is_complete_whatever_the_length_of_the_resource(
    app: Application, client: TestClient, length: int
) -> None:
    identifier = f"https://api.example/{'a' * length}"
    with recorded_refusals() as records:
        response = await app.client_credentials(client, resource=identifier)

    reason = records.one(response.headers["x-request-id"]).reason
    command = reason.partition("run `")[2].partition("`")[0]
    shown = identifier if length <= 60 else command.split()[-1]
    assert shown in (identifier, "URI")
    assert words_of(command) == ["postern", "resources", "create", "NAME", "--identifier", shown]
    assert reason.endswith("`, or add it to the aliases of a resource")
    assert identifier[:100] in reason


async def test_a_client_that_may_not_request_a_resource_is_one_word(
    app: Application, odd: Service
) -> None:
    closed = await new_resource(app, is_open_to_all_clients=False, requesters=[], servers=[])

    words = await suggested(app, odd.client, resource=closed.identifier)

    assert words == ["postern", "resources", "set", closed.name, "--requester", odd.client_id]


async def test_the_client_of_a_subject_token_is_one_word(
    app: Application, user: TestUser, odd: Service
) -> None:
    fleet: Fleet = await new_fleet(app, user)
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"}
    subject = {"subject_token": await odd.own_token(), "subject_token_type": ACCESS_TOKEN}

    words = await suggested(
        app, fleet.front.client, **form, **subject, resource=fleet.middle.identifier
    )

    assert words[-2:] == ["--exchanger-of", odd.client_id]


async def test_a_type_and_a_client_of_authorization_details_are_one_word_each(
    app: Application, odd: Service
) -> None:
    closed = await new_type(
        app,
        name=f"https://{app.new_name('pay')}.example/?a=1&b=$(id)",
        is_open_to_all_clients=False,
    )

    words = await suggested(app, odd.client, authorization_details=sent(payment(closed)))

    assert words[:5] == ["postern", "authorization-types", "set", closed.name, "--client"]
    assert words[5] == odd.client_id
