"""`postern mcp check` against servers with one fault each: what it says, and who has to change."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cli.conftest import Postern
from tests.support.mcp_servers import (
    OAUTH_METADATA,
    OPENID_METADATA,
    RESOURCE_METADATA,
    McpServers,
    Reply,
    running_mcp_servers,
)

MCP = "mcp_server"
AS = "authorization_server"


@pytest.fixture
def servers() -> Iterator[McpServers]:
    with running_mcp_servers() as running:
        yield running


async def findings(postern: Postern, url: str) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code and the findings of all checks."""
    result = await postern("mcp", "check", url, "--json")
    report = json.loads(result.output)
    assert report["is_ok"] is (result.code == 0)
    return result.code, [each for check in report["checks"] for each in check["findings"]]


def unprotected(servers: McpServers) -> None:
    servers.replies["POST", "/mcp"] = Reply(body={"jsonrpc": "2.0", "id": 1, "result": {}})


def no_challenge(servers: McpServers) -> None:
    servers.challenge = None


def other_challenge(servers: McpServers) -> None:
    servers.challenge = 'Basic realm="Bearer"'


def broken_link(servers: McpServers) -> None:
    servers.challenge = f'Bearer resource_metadata="{servers.origin}/elsewhere"'


def redirect(servers: McpServers) -> None:
    servers.replies["POST", "/mcp"] = Reply(307, headers={"Location": f"{servers.url}/"})


def any_token(servers: McpServers) -> None:
    servers.accepts_any_token = True


def no_resource_metadata(servers: McpServers) -> None:
    servers.challenge = "Bearer"
    servers.replies["GET", RESOURCE_METADATA] = Reply(404)


def other_resource(servers: McpServers) -> None:
    servers.resource["resource"] = f"{servers.origin}/other"


def no_authorization_servers(servers: McpServers) -> None:
    servers.resource["authorization_servers"] = []


def malformed_resource(servers: McpServers) -> None:
    servers.resource["resource"] = "http://[/mcp"


def malformed_issuer(servers: McpServers) -> None:
    servers.resource["authorization_servers"] = ["https://login.example:port"]


def tokens_in_the_query_only(servers: McpServers) -> None:
    servers.resource["bearer_methods_supported"] = ["query"]


def no_metadata(servers: McpServers) -> None:
    for path in (OAUTH_METADATA, OPENID_METADATA):
        servers.replies["GET", path] = Reply(404)


def metadata_is_a_page(servers: McpServers) -> None:
    servers.replies["GET", OPENID_METADATA] = Reply(body="<html>")


def other_issuer(servers: McpServers) -> None:
    servers.metadata["issuer"] = "https://other.example"


def issuer_differs_at_one_address(servers: McpServers) -> None:
    changed = {**servers.metadata, "issuer": f"{servers.issuer}/"}
    servers.replies["GET", OPENID_METADATA] = Reply(body=changed)


def no_pkce(servers: McpServers) -> None:
    del servers.metadata["code_challenge_methods_supported"]


def no_pkce_at_one_address(servers: McpServers) -> None:
    changed = {**servers.metadata, "code_challenge_methods_supported": ["plain"]}
    servers.replies["GET", OPENID_METADATA] = Reply(body=changed)


def endpoint_without_tls(servers: McpServers) -> None:
    servers.metadata["token_endpoint"] = "http://login.example.com/token"


def no_code_flow(servers: McpServers) -> None:
    servers.metadata["grant_types_supported"] = ["client_credentials"]


def no_new_clients(servers: McpServers) -> None:
    del servers.metadata["registration_endpoint"]
    servers.metadata["client_id_metadata_document_supported"] = False


def documents_without_none(servers: McpServers) -> None:
    servers.metadata["token_endpoint_auth_methods_supported"] = ["private_key_jwt"]


def registration_refused(servers: McpServers) -> None:
    servers.replies["POST", "/register"] = Reply(
        400, {"error": "invalid_redirect_uri", "error_description": "no loopback"}
    )


def unknown_resource(servers: McpServers) -> None:
    servers.authorization_error = "invalid_target"


def unknown_scope(servers: McpServers) -> None:
    servers.authorization_error = "invalid_scope"


def authorization_page_fails(servers: McpServers) -> None:
    servers.replies["GET", "/authorize"] = Reply(500)


def no_iss_in_responses(servers: McpServers) -> None:
    location = "http://127.0.0.1:33418/callback?code=1"
    servers.replies["GET", "/authorize"] = Reply(303, headers={"Location": location})


FAULTS: list[tuple[Callable[[McpServers], None], str, str]] = [
    (unprotected, MCP, "the server is not protected"),
    (no_challenge, MCP, "no WWW-Authenticate header"),
    (other_challenge, MCP, "no WWW-Authenticate header"),
    (broken_link, MCP, "no JSON document"),
    (redirect, MCP, "redirects to"),
    (any_token, MCP, "made-up token is answered with 200"),
    (no_resource_metadata, MCP, "no protected resource metadata"),
    (other_resource, MCP, "`resource` in the metadata is"),
    (no_authorization_servers, MCP, "no `authorization_servers`"),
    (malformed_resource, MCP, "`resource` in the metadata is"),
    (malformed_issuer, MCP, "has no https address"),
    (tokens_in_the_query_only, MCP, "`bearer_methods_supported` lacks"),
    (no_metadata, AS, "publishes no metadata"),
    (metadata_is_a_page, AS, "not a JSON object"),
    (other_issuer, AS, "has the issuer https://other.example"),
    (issuer_differs_at_one_address, AS, "The issuer differs"),
    (no_pkce, AS, "lacks S256"),
    (no_pkce_at_one_address, AS, f"{OPENID_METADATA} lacks S256"),
    (endpoint_without_tls, AS, "not https"),
    (no_code_flow, AS, "lacks authorization_code"),
    (no_new_clients, AS, "neither"),
    (documents_without_none, AS, "lacks `none`"),
    (registration_refused, AS, "400: invalid_redirect_uri, no loopback"),
    (unknown_resource, AS, "invalid_target"),
    (unknown_scope, AS, "refuses the scopes that the MCP server names: read"),
    (authorization_page_fails, AS, "answered with 500"),
    (no_iss_in_responses, AS, "RFC 9207"),
]


@pytest.mark.parametrize(
    ("fault", "side", "words"), FAULTS, ids=lambda each: getattr(each, "__name__", None)
)
async def test_a_fault_is_named_with_the_side_that_has_to_change(
    postern: Postern,
    servers: McpServers,
    fault: Callable[[McpServers], None],
    side: str,
    words: str,
) -> None:
    fault(servers)

    code, found = await findings(postern, servers.url)

    assert code == 1
    wrong = [each for each in found if words in each["problem"]]
    assert {each["side"] for each in wrong} == {side}
    assert {each["severity"] for each in wrong} == {"wrong"}
    assert all(
        each["side"] == side and each["fix"] for each in found if each["severity"] == "wrong"
    )
    assert servers.clients == {}


async def test_a_slash_that_only_the_mcp_server_adds_to_the_issuer_is_a_warning(
    postern: Postern, servers: McpServers
) -> None:
    """RFC 8414 section 3.3: the issuer is compared byte for byte; the SDKs tolerate the slash."""
    servers.resource["authorization_servers"] = [f"{servers.issuer}/"]

    code, found = await findings(postern, servers.url)

    (finding,) = found
    assert (code, finding["severity"], finding["side"]) == (0, "warning", MCP)
    assert servers.issuer in finding["fix"]
    assert "postern-kit" in finding["fix"]


def parent_as_resource(servers: McpServers) -> None:
    servers.resource["resource"] = servers.origin


def no_iss(servers: McpServers) -> None:
    del servers.metadata["authorization_response_iss_parameter_supported"]


def challenge_without_link(servers: McpServers) -> None:
    servers.challenge = 'Bearer scope="read"'


@pytest.mark.parametrize(
    ("fault", "side"), [(parent_as_resource, MCP), (no_iss, AS), (challenge_without_link, MCP)]
)
async def test_what_only_some_clients_refuse_is_a_warning(
    postern: Postern, servers: McpServers, fault: Callable[[McpServers], None], side: str
) -> None:
    fault(servers)

    code, found = await findings(postern, servers.url)

    (finding,) = found
    assert (code, finding["severity"], finding["side"]) == (0, "warning", side)


async def test_a_client_that_cannot_be_deleted_is_named(
    postern: Postern, servers: McpServers
) -> None:
    servers.replies["DELETE", "/register/client-0"] = Reply(500)

    code, found = await findings(postern, servers.url)

    (finding,) = found
    assert (code, finding["severity"], finding["side"]) == (0, "warning", AS)
    assert "client-0" in finding["problem"]


async def test_a_registration_token_is_not_sent_to_another_server(
    postern: Postern, servers: McpServers
) -> None:
    """RFC 7592: the configuration endpoint belongs to the authorization server."""
    with running_mcp_servers() as other:
        client = {
            "client_id": "c",
            "registration_client_uri": f"{other.issuer}/register/c",
            "registration_access_token": "secret",
        }
        servers.replies["POST", "/register"] = Reply(201, client)
        servers.replies["GET", "/authorize"] = Reply(200)

        _, found = await findings(postern, servers.url)

        assert other.seen == []
    assert "at another server" in found[0]["problem"]


async def test_nothing_is_wrong_with_correct_servers_and_the_client_is_deleted(
    postern: Postern, servers: McpServers
) -> None:
    result = await postern("mcp", "check", servers.url)

    assert (result.code, result.errors) == (0, "")
    assert {line.split()[0] for line in result.output.splitlines()} == {"ok"}
    assert servers.clients == {}
    assert any(request.method == "DELETE" for request in servers.seen)
    (authorization,) = [each for each in servers.seen if each.path == "/authorize"]
    assert authorization.query["resource"] == [servers.url]
    assert authorization.query["scope"] == ["read"]


async def test_the_challenge_is_found_beside_those_of_other_schemes(
    postern: Postern, servers: McpServers
) -> None:
    """RFC 9110 section 11.6.1: each scheme may have a header line of its own"""
    servers.other_challenge = 'DPoP algs="ES256"'

    code, found = await findings(postern, servers.url)

    assert (code, found) == (0, [])


async def test_no_secret_is_sent_to_the_url(postern: Postern, servers: McpServers) -> None:
    await postern("mcp", "check", servers.url)

    to_the_url = [each for each in servers.seen if each.path == "/mcp"]
    assert [each.headers.get("authorization") for each in to_the_url] == [
        None,
        "Bearer this-is-not-a-token",
    ]
    assert all("cookie" not in each.headers for each in servers.seen)


async def test_every_address_of_an_issuer_with_a_path_is_tried(
    postern: Postern, servers: McpServers
) -> None:
    """MCP authorization, metadata discovery: three addresses for an issuer with a path."""
    issuer = f"{servers.issuer}/t"
    servers.resource["authorization_servers"] = [issuer]
    servers.metadata["issuer"] = issuer
    servers.replies["GET", f"/t{OPENID_METADATA}"] = Reply(body=servers.metadata)

    code, found = await findings(postern, servers.url)

    tried = [each.path for each in servers.seen if ".well-known/o" in each.path]
    assert (code, found) == (0, [])
    assert tried[1:] == [f"{OAUTH_METADATA}/t", f"{OPENID_METADATA}/t", f"/t{OPENID_METADATA}"]


async def test_what_depends_on_a_failed_check_is_skipped(
    postern: Postern, servers: McpServers
) -> None:
    unprotected(servers)

    result = await postern("mcp", "check", servers.url)

    lines = result.output.splitlines()
    assert result.code == 1
    assert lines[0] == "wrong    refuses requests without a token"
    assert lines[2].strip().startswith("MCP server: Respond with 401")
    assert {line.split()[0] for line in lines[3:]} == {"skipped"}


async def test_a_server_that_does_not_respond_is_named(postern: Postern) -> None:
    with running_mcp_servers() as servers:
        url = servers.url

    code, found = await findings(postern, url)

    assert code == 1
    assert [each["side"] for each in found] == ["network"]


async def test_control_characters_of_a_server_do_not_reach_the_terminal(
    postern: Postern, servers: McpServers
) -> None:
    servers.replies["POST", "/register"] = Reply(400, {"error": "\x1b[2J\x07cleared"})

    result = await postern("mcp", "check", servers.url)

    assert "[2J" in result.output
    assert not any(each in result.output for each in "\x1b\x07")


@pytest.mark.parametrize(
    "url",
    [
        "https://[",
        "https://a:port/",
        "mcp.example.com",
        "ftp://mcp.example.com",
        "https://",
        "https://a/#b",
    ],
)
async def test_what_is_not_a_web_address_is_refused(postern: Postern, url: str) -> None:
    result = await postern("mcp", "check", url)

    assert (result.code, result.output) == (1, "")
    assert "must begin with https://" in result.errors
