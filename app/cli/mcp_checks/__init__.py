"""Checks that walk an MCP server as a client would. A check is a function and a line here."""

from app.cli.mcp_checks import authorization_server, mcp_server, registration
from app.cli.mcp_checks.fetching import Fetcher
from app.cli.mcp_checks.findings import Checked
from app.cli.mcp_checks.walk import Check, Walk, walk_through

CHECKS = (
    Check("refuses requests without a token", mcp_server.refuses_without_a_token),
    Check("refuses an invalid token", mcp_server.refuses_an_invalid_token, "challenge"),
    Check("publishes its metadata", mcp_server.publishes_its_metadata, "challenge"),
    Check("names itself as the resource", mcp_server.names_itself, "resource_metadata"),
    Check(
        "names its authorization server",
        mcp_server.names_its_authorization_server,
        "resource_metadata",
    ),
    Check("accepts tokens in the header", mcp_server.accepts_the_header, "resource_metadata"),
    Check(
        "authorization server: publishes its metadata",
        authorization_server.publishes_its_metadata,
        "issuer",
    ),
    Check(
        "authorization server: has the endpoints",
        authorization_server.has_endpoints,
        "server_metadata",
    ),
    Check(
        "authorization server: returns its issuer",
        authorization_server.returns_its_issuer,
        "server_metadata",
    ),
    Check(
        "authorization server: accepts new clients",
        authorization_server.accepts_new_clients,
        "server_metadata",
    ),
    Check(
        "authorization server: registers a client",
        registration.registers_a_client,
        "registration_endpoint",
    ),
    Check(
        "authorization server: accepts the resource", registration.accepts_the_resource, "client"
    ),
)
"""In the order of a client. An attribute of the walk, which an earlier check sets, is required."""
LAST = Check("authorization server: deletes the client", registration.deletes_its_client, "client")
"""Runs at the end, whatever happened before."""


def check_mcp_server(url: str) -> list[Checked]:
    """Walk an MCP server and its authorization server, and return the result of each check."""
    http = Fetcher()
    walk = Walk(url, http)
    try:
        results = walk_through(walk, CHECKS)
        return [*results, *walk_through(walk, (LAST,))]
    finally:
        if walk.client is not None and not walk.is_client_deleted:  # for example by Ctrl-C
            walk_through(walk, (LAST,))
        http.close()
