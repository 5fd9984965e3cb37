"""Checks of the MCP server itself: its refusals, and its metadata (RFC 9728)."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from app.cli.mcp_checks.addresses import (
    is_parent,
    is_protected,
    is_same_resource,
    is_web_address,
    resource_metadata_addresses,
)
from app.cli.mcp_checks.fetching import Answer, UnreachableError
from app.cli.mcp_checks.findings import Finding, Side
from app.cli.mcp_checks.walk import Walk

_finding = partial(Finding, Side.MCP_SERVER)

MCP_HEADERS = {"Accept": "application/json, text/event-stream"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "postern-mcp-check", "version": "1"},
    },
}
INVALID_TOKEN = "this-is-not-a-token"
PARAMETER = re.compile(r'([A-Za-z_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


def refuses_without_a_token(walk: Walk) -> Iterator[Finding]:
    """Read the challenge of a request without a token."""
    if not is_protected(walk.url):
        yield _finding(
            "The URL uses http: everybody on the way can read tokens.", "Serve it with https."
        )
    answer = walk.http.post_json(walk.url, INITIALIZE, MCP_HEADERS)
    if answer.status != 401:
        yield _unexpected(walk, answer)
        return
    walk.challenge = _challenge(answer)
    if walk.challenge is None:
        walk.challenge = {}
        yield _finding(
            "The 401 response has no WWW-Authenticate header with the scheme Bearer, so clients"
            " don't know that they can sign in.",
            'Add the header: WWW-Authenticate: Bearer resource_metadata="'
            f'{resource_metadata_addresses(walk.url)[0]}"',
        )
    elif "resource_metadata" not in walk.challenge:
        yield _finding(
            "The challenge of the 401 response doesn't say where the metadata is; some clients"
            " look nowhere else.",
            f'Add resource_metadata="{resource_metadata_addresses(walk.url)[0]}" to it.',
            is_warning=True,
        )


def refuses_an_invalid_token(walk: Walk) -> Iterator[Finding]:
    """Send a text that nobody issued as a token."""
    authorization = {"Authorization": f"Bearer {INVALID_TOKEN}"}
    answer = walk.http.post_json(walk.url, INITIALIZE, {**MCP_HEADERS, **authorization})
    if answer.status == 401:
        return
    yield _finding(
        f"A request with a made-up token is answered with {answer.status}, not with 401.",
        "Verify each token: its signature or by introspection, its issuer, its audience and its"
        " expiry. Respond with 401 if it is not valid.",
    )


def publishes_its_metadata(walk: Walk) -> Iterator[Finding]:
    """Find the resource metadata, as a client does: by the challenge, then at the usual paths."""
    linked = (walk.challenge or {}).get("resource_metadata")
    addresses = ([linked] if linked else []) + resource_metadata_addresses(walk.url)
    for address in dict.fromkeys(addresses):
        document = _document_at(walk, address)
        if document is not None:
            walk.resource_metadata = document
            break
        if address == linked:
            yield _finding(
                f"The challenge refers to {linked}, where there is no JSON document.",
                "Serve the protected resource metadata (RFC 9728) there with status 200.",
            )
    if walk.resource_metadata is None:
        yield _finding(
            f"There is no protected resource metadata (RFC 9728) at {' or '.join(addresses)}.",
            f"Serve it at {addresses[0]}; `postern resources show NAME` prints the document.",
        )


def names_itself(walk: Walk) -> Iterator[Finding]:
    """Compare `resource` with the URL (RFC 9728 section 3.3)."""
    resource = (walk.resource_metadata or {}).get("resource")
    if not isinstance(resource, str):
        yield _finding(
            "The metadata has no `resource`.", f"Set it to the URL of the server: {walk.url}"
        )
    elif is_same_resource(resource, walk.url):
        return
    else:
        yield _finding(
            f"`resource` in the metadata is {resource}, but clients call {walk.url}: they refuse"
            " metadata of another server.",
            f"Set `resource` to {walk.url}, and let the server accept tokens with this audience.",
            is_warning=is_parent(resource, walk.url),
        )


def names_its_authorization_server(walk: Walk) -> Iterator[Finding]:
    """Read the issuer from `authorization_servers`."""
    servers = (walk.resource_metadata or {}).get("authorization_servers")
    if not (isinstance(servers, list) and servers and isinstance(servers[0], str)):
        yield _finding(
            "The metadata has no `authorization_servers`, so clients don't know where to sign in.",
            "Set `authorization_servers` to a list with the issuer.",
        )
        return
    issuer = servers[0]
    walk.issuer = issuer if is_web_address(issuer) else None
    if not is_protected(issuer):
        yield _finding(
            f"The authorization server {issuer} has no https address.",
            "Write its issuer as its own metadata has it.",
        )


def accepts_the_header(walk: Walk) -> Iterator[Finding]:
    """MCP clients send tokens in the Authorization header only."""
    methods = (walk.resource_metadata or {}).get("bearer_methods_supported")
    if isinstance(methods, list) and "header" not in methods:
        yield _finding(
            "`bearer_methods_supported` lacks `header`, the only way in which MCP clients send"
            " tokens.",
            "Set `bearer_methods_supported` to ['header'].",
        )


def _unexpected(walk: Walk, answer: Answer) -> Finding:
    location = answer.headers.get("location")
    if 300 <= answer.status < 400 and location:
        return _finding(
            f"The URL redirects to {location}. Clients lose the token, or the body, on the way.",
            f"Give clients the URL {location}, and use it as `resource` too.",
        )
    if 200 <= answer.status < 300:
        return _finding(
            f"A request without a token is answered with {answer.status}: the server is not"
            " protected.",
            "Respond with 401 to requests without a valid token; `postern mcp protect URL --name"
            " NAME` prints the code.",
        )
    return _finding(
        f"A request without a token is answered with {answer.status}, not with 401.",
        "Check the path of the URL, and verify the token before anything else.",
    )


def _challenge(answer: Answer) -> Mapping[str, str] | None:
    header = answer.headers.get("www-authenticate", "")
    match = re.search(r"(?:^|,)\s*Bearer(?:\s|$)", header, re.IGNORECASE)
    if match is None:
        return None
    return {
        name.lower(): quoted or plain
        for name, quoted, plain in PARAMETER.findall(header[match.end() :])
    }


def _document_at(walk: Walk, address: str) -> dict[str, Any] | None:
    try:
        answer = walk.http.get(address)
    except UnreachableError:
        return None
    return answer.json_object() if answer.status == 200 else None
