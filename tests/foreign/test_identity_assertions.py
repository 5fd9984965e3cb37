"""The MCP SDKs take the identity of a user from one Postern to another (ID-JAG)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.oauth.exchange.token_types import ID_TOKEN, REFRESH_TOKEN
from tests.foreign.colleague import Colleague, colleague_at
from tests.foreign.enterprise import Enterprise, credentials, running_enterprise
from tests.support.jwt import header_of, verified

pytestmark = pytest.mark.slow

SDKS = pytest.mark.parametrize("sdk", ["typescript", "python"])


@pytest_asyncio.fixture(scope="module")
async def enterprise(
    tmp_path_factory: pytest.TempPathFactory, mcp_python: Path, node_packages: Path
) -> AsyncIterator[Enterprise]:
    directory = tmp_path_factory.mktemp("enterprise")
    async with running_enterprise(directory, node=node_packages, python=mcp_python) as made:
        yield made


@pytest_asyncio.fixture
async def colleague(enterprise: Enterprise) -> AsyncIterator[Colleague]:
    async with colleague_at(enterprise.posterns) as made:
        yield made


async def subject_of(colleague: Colleague) -> str:
    """Let a user sign in with the company; return who they are here."""
    name = await colleague.creates_an_account()
    shown = json.loads(await colleague.posterns.operator("users", "show", "--json", name))
    return str(shown["user_id"])


@SDKS
@pytest.mark.parametrize("subject_token", [ID_TOKEN, REFRESH_TOKEN], ids=["id", "refresh"])
async def test_an_sdk_calls_a_tool_for_a_user_of_another_server(
    enterprise: Enterprise, colleague: Colleague, sdk: str, subject_token: str
) -> None:
    """MCP, enterprise-managed authorization; RFC 8693, RFC 7523"""
    here, company = enterprise.posterns.here, enterprise.posterns.at_company
    subject = await subject_of(colleague)
    tokens = await enterprise.sign_in(colleague)
    given = {"id_token": tokens["id_token"]}
    obtained: dict[str, Any] = {}
    if subject_token == REFRESH_TOKEN:
        given = {"assertion": await enterprise.by_refresh_token(tokens)}
    elif sdk == "python":  # which does not obtain assertions
        obtained = await enterprise.run("typescript", only_obtains=True, **given)
        given = {"assertion": obtained["assertion"]}

    said = {**obtained, **await enterprise.run(sdk, **given)}

    assertion = given.get("assertion") or said["assertion"]
    claims = await verified(company, assertion)
    assert header_of(assertion)["typ"] == "oauth-id-jag+jwt"
    assert enterprise.agent.client_id != enterprise.agent_at_company.client_id
    assert claims["client_id"] == enterprise.agent.client_id
    assert (claims["aud"], claims["resource"]) == (here.url, enterprise.url)
    assert claims["sub"] != subject
    if subject_token == ID_TOKEN:
        assert (said["expires_in"], said["scope"]) == (300, "notes:read")
    assert said["asked"] == [here.url, enterprise.url, "notes:read"]
    assert said["text"] == f"A note of {subject}"
    assert said["tokens"]["scope"] == "notes:read"
    assert "refresh_token" not in said["tokens"]


@SDKS
async def test_an_sdk_says_that_the_user_never_signed_in_here(
    enterprise: Enterprise, colleague: Colleague, sdk: str
) -> None:
    """RFC 7523 section 3.1: `invalid_grant`"""
    tokens = await enterprise.sign_in(colleague)

    said = await enterprise.run(sdk, assertion=await enterprise.by_refresh_token(tokens))

    assert "invalid_grant" in said["error"]
    assert "no user has linked the subject" in enterprise.posterns.here.log()
    assert "text" not in said


@SDKS
async def test_an_sdk_redeems_no_assertion_for_another_client(
    enterprise: Enterprise, colleague: Colleague, sdk: str
) -> None:
    """SECURITY_BAR row 37"""
    await subject_of(colleague)
    tokens = await enterprise.sign_in(colleague)
    assertion = await enterprise.by_refresh_token(tokens)

    said = await enterprise.run(sdk, assertion=assertion, client=credentials(enterprise.other))

    assert "invalid_grant" in said["error"]
    assert "client_id is not the client that presents it" in enterprise.posterns.here.log()
    assert "text" not in said


async def test_an_sdk_obtains_no_assertion_for_a_server_that_no_policy_names(
    enterprise: Enterprise, colleague: Colleague
) -> None:
    """RFC 8693 section 2.2.2: `invalid_target`"""
    tokens = await enterprise.sign_in(colleague)
    given = {"only_obtains": True, "id_token": tokens["id_token"]}

    said = await enterprise.run("typescript", issuer="https://other.example", **given)

    assert "invalid_target" in said["error"]
    assert "assertion" not in said
