"""Checks with a client that is registered for the walk and deleted at its end (RFC 7591, 7592)."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import parse_qs, urlsplit

from app.cli.mcp_checks.addresses import origin_of
from app.cli.mcp_checks.fetching import Answer, UnreachableError
from app.cli.mcp_checks.findings import Finding, Side
from app.cli.mcp_checks.walk import Document, Walk

_finding = partial(Finding, Side.AUTHORIZATION_SERVER)

REDIRECT_URI = "http://127.0.0.1:33418/callback"
CLIENT = {
    "client_name": "postern mcp check",
    "redirect_uris": [REDIRECT_URI],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
    "application_type": "native",
}
CODE_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""Of RFC 7636 appendix B. No code is ever redeemed."""


def registers_a_client(walk: Walk) -> Iterator[Finding]:
    """Register a public client with a loopback redirect URI, as command line tools do."""
    answer = walk.http.post_json(walk.registration_endpoint or "", CLIENT)
    client = answer.json_object()
    if answer.status in (200, 201) and client and isinstance(client.get("client_id"), str):
        walk.client = client
        return
    yield _finding(
        f"The registration of a client is refused ({answer.status}{_reason(client)}).",
        "Accept public clients with a loopback redirect URI; or leave `registration_endpoint` out"
        " of the metadata, if only clients with an invitation may register.",
    )


def accepts_the_resource(walk: Walk) -> Iterator[Finding]:
    """Send an authorization request with `resource` and the scopes that a client would request."""
    client, metadata = walk.client or {}, walk.server_metadata or {}
    resource = (walk.resource_metadata or {}).get("resource")
    endpoint = metadata.get("authorization_endpoint")
    if not isinstance(resource, str) or not isinstance(endpoint, str):
        return
    scope = _first_scope(walk)
    parameters = {
        "response_type": "code",
        "client_id": str(client["client_id"]),
        "redirect_uri": REDIRECT_URI,
        "state": "postern-mcp-check",
        "code_challenge": CODE_CHALLENGE,
        "code_challenge_method": "S256",
        "resource": resource,
        **({"scope": scope} if scope else {}),
    }
    answer = walk.http.get(endpoint, parameters)
    location = answer.headers.get("location", "")
    if location.startswith(REDIRECT_URI):
        yield from _about_response(walk, parse_qs(urlsplit(location).query), resource, scope)
    elif answer.status >= 400:
        yield _finding(
            f"An authorization request of the registered client is answered with {answer.status}.",
            "Check the log of the authorization server: it has to show its sign-in page.",
        )


def deletes_its_client(walk: Walk) -> Iterator[Finding]:
    """Delete the client. Its registration token is sent only to the authorization server."""
    client = walk.client or {}
    walk.is_client_deleted = True
    address, token = client.get("registration_client_uri"), client.get("registration_access_token")
    if not (isinstance(address, str) and isinstance(token, str)):
        yield _left_over(client, "the server offers no way to delete it (RFC 7592)")
        return
    if origin_of(address) != origin_of(walk.registration_endpoint or ""):
        yield _left_over(client, f"`registration_client_uri` is at another server: {address}")
        return
    try:
        answer = walk.http.send("DELETE", address, {"Authorization": f"Bearer {token}"})
    except UnreachableError as error:
        yield _left_over(client, f"the server does not respond: {error}")
        return
    if answer.status != 204:
        yield _left_over(client, f"deleting it is answered with {_status(answer)}")


def _about_response(
    walk: Walk, response: dict[str, list[str]], resource: str, scope: str
) -> Iterator[Finding]:
    error = response.get("error", [""])[0]
    if error == "invalid_target":
        yield _finding(
            f"The authorization server doesn't know the resource {resource}, or the client may not"
            " request it (invalid_target).",
            f"Register it: at Postern, `postern mcp protect {resource} --name NAME`.",
        )
    elif error == "invalid_scope":
        yield _finding(
            f"The authorization server refuses the scopes that the MCP server names: {scope}.",
            "Add them to the resource (`postern resources set NAME --scope SCOPE=SENTENCE`), or"
            " correct `scopes_supported` of the MCP server.",
        )
    elif error:
        description = response.get("error_description", [""])[0]
        yield _finding(
            f"An authorization request is refused: {error} {description}".rstrip(),
            "Check the log of the authorization server.",
        )
    advertises = (walk.server_metadata or {}).get("authorization_response_iss_parameter_supported")
    if advertises is True and response.get("iss") != [walk.issuer]:
        yield _finding(
            "The authorization response has no `iss`, or another one, although the metadata"
            " promises it: clients refuse it (RFC 9207).",
            "Return the issuer as `iss`, also with errors.",
        )


def _first_scope(walk: Walk) -> str:
    """Return the scopes of the challenge, or else all that the resource supports."""
    challenged = (walk.challenge or {}).get("scope")
    if challenged:
        return challenged
    supported = (walk.resource_metadata or {}).get("scopes_supported")
    return " ".join(map(str, supported)) if isinstance(supported, list) else ""


def _reason(body: Document | None) -> str:
    members = body or {}
    parts = [str(members[name]) for name in ("error", "error_description") if name in members]
    return f": {', '.join(parts)}" if parts else ""


def _left_over(client: Document, reason: str) -> Finding:
    return _finding(
        f"The client {client.get('client_id')} of this check remains: {reason}.",
        "Delete it by hand.",
        is_warning=True,
    )


def _status(answer: Answer) -> str:
    return f"{answer.status}{_reason(answer.json_object())}"
