"""`postern mcp protect`: the resource, its server's client, and the code."""

import ast
import json
from typing import Any

import pytest

from app.cli.mcp_protect import FRAMEWORKS
from app.schemas.resources import ResourceBody
from app.services.operations.authority import FULL
from tests.cli.conftest import Postern, Result
from tests.support.application import Application
from tests.support.parts import services_of


@pytest.fixture
def protect(app: Application, postern: Postern) -> Postern:
    async def run(*arguments: str) -> Result:
        return await postern("mcp", "protect", *arguments, DATABASE_URL=app.settings.database_url)

    return run


def url_of(name: str) -> str:
    return f"https://{name}.example/mcp"


async def report(protect: Postern, *arguments: str) -> Any:
    result = await protect(*arguments, "--json")
    assert result.code == 0, result.errors
    return json.loads(result.output)


async def create_resource(app: Application, name: str, **members: Any) -> None:
    """Register an MCP server as a resource for agents with JWTs, apart from some members."""
    stated = {
        "name": name,
        "identifier": url_of(name),
        "title": name,
        "token_format": "jwt",
        "is_open_to_all_clients": True,
        "agents": True,
        **members,
    }
    await services_of(app).oauth.resources.create(
        ResourceBody.model_validate(stated), authority=FULL
    )


async def test_the_resource_is_registered_for_agents(app: Application, protect: Postern) -> None:
    name = app.new_name("mcp")

    await report(
        protect, url_of(name), "--name", name, "--title", "Reports",
        "--scope", "read=Read your reports", "--scope", "write=Change your reports",
    )  # fmt: skip

    resource = await services_of(app).oauth.resources.get(name)
    assert (resource.identifier, resource.title) == (url_of(name), "Reports")
    assert (resource.token_format, resource.signing_alg) == ("jwt", "ES256")
    assert resource.is_open_to_all_clients
    assert resource.shows_metadata
    assert [(each.name, each.is_default) for each in resource.scopes] == [
        ("read", True),
        ("write", False),
    ]
    assert resource.servers == frozenset()
    assert resource.is_for_agents


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
async def test_the_code_for_every_framework_is_complete_python(
    app: Application, protect: Postern, token_format: str
) -> None:
    name = app.new_name("mcp")

    row = await report(protect, url_of(name), "--name", name, "--format", token_format)

    assert set(row["code"]) == set(FRAMEWORKS)
    for text in row["code"].values():
        assert "{{" not in text
        assert url_of(name) in text
        assert ast.parse(text)


async def test_the_opaque_format_creates_the_client_that_introspects(
    app: Application, protect: Postern
) -> None:
    name = app.new_name("mcp")

    row = await report(protect, url_of(name), "--name", name, "--format", "opaque")

    resource = await services_of(app).oauth.resources.get(name)
    assert resource.token_format == "opaque"
    assert resource.servers == {row["client_id"]}
    assert all(row["client_secret"] not in text for text in row["code"].values())
    response = await app.http.post(
        "/introspect", data={"token": "x"}, auth=(row["client_id"], row["client_secret"])
    )
    assert response.json() == {"active": False}


async def test_code_alone_goes_to_standard_output_and_the_secret_to_standard_error(
    app: Application, protect: Postern
) -> None:
    name = app.new_name("mcp")

    result = await protect(url_of(name), "--name", name, "--format", "opaque", "--code", "fastmcp")

    assert ast.parse(result.output)
    assert "POSTERN_CLIENT_SECRET=" in result.errors
    secret = result.errors.partition("POSTERN_CLIENT_SECRET=")[2].split()[0]
    assert secret not in result.output


async def test_a_registered_server_is_not_changed_and_its_code_is_printed_again(
    app: Application, protect: Postern
) -> None:
    name = app.new_name("mcp")
    first = await report(protect, url_of(name), "--name", name, "--format", "opaque")

    again = await report(protect, url_of(name), "--name", name, "--format", "opaque")

    assert again["is_new"] is False
    assert "client_secret" not in again
    assert again["code"] == first["code"]
    assert again["resource"] == first["resource"]


async def test_another_url_or_format_of_a_registered_name_is_refused_with_what_to_do(
    app: Application, protect: Postern
) -> None:
    name = app.new_name("mcp")
    await report(protect, url_of(name), "--name", name)

    other_url = await protect(f"{url_of(name)}/other", "--name", name)
    other_name = await protect(url_of(name), "--name", f"{name}-2")
    other_format = await protect(url_of(name), "--name", name, "--format", "opaque")

    assert [each.code for each in (other_url, other_name, other_format)] == [1, 1, 1]
    assert url_of(name) in other_url.errors
    assert name in other_name.errors
    assert f"postern resources set {name} --token-format opaque" in other_format.errors


async def test_a_resource_whose_tokens_the_code_does_not_accept_is_refused_with_what_to_do(
    app: Application, protect: Postern
) -> None:
    """The code verifies ES256 only."""
    name = app.new_name("mcp")
    await create_resource(app, name, signing_alg="RS256")

    result = await protect(url_of(name), "--name", name)

    assert (result.code, result.output) == (1, "")
    assert f"postern resources set {name} --signing-alg ES256" in result.errors


async def test_a_resource_that_is_not_for_agents_is_pointed_out(
    app: Application, protect: Postern
) -> None:
    name = app.new_name("mcp")
    await create_resource(app, name, agents=False)

    result = await protect(url_of(name), "--name", name)

    assert result.code == 0
    assert f"postern resources set {name} --agents" in result.errors


async def test_the_alias_of_another_resource_is_refused_before_a_client_is_created(
    app: Application, protect: Postern
) -> None:
    name, clients = app.new_name("mcp"), services_of(app).clients.clients
    await create_resource(app, name, aliases=["https://alias.example/mcp"])
    before = len(await clients.list_page(limit=1000))

    result = await protect("https://alias.example/mcp", "--name", f"{name}-2", "--format", "opaque")

    assert (result.code, result.output) == (1, "")
    assert f"The resource {name} has the URL {url_of(name)}" in result.errors
    assert len(await clients.list_page(limit=1000)) == before


@pytest.mark.parametrize("url", ["https://a.example/x'y", "https://a.example/mcp#f", "a.example"])
async def test_a_url_that_is_no_identifier_or_needs_quoting_is_refused(
    app: Application, protect: Postern, url: str
) -> None:
    """Code that is printed holds no text that could end its string."""
    before = await services_of(app).oauth.resources.list_all()

    result = await protect(url, "--name", app.new_name("mcp"), "--format", "opaque")

    assert (result.code, result.output) == (1, "")
    assert await services_of(app).oauth.resources.list_all() == before


async def test_a_format_that_is_unknown_is_a_mistake_in_usage(protect: Postern) -> None:
    result = await protect("https://a.example", "--name", "a", "--format", "saml")

    assert result.code == 2
