"""Checks of the metadata of the authorization server (RFC 8414) and what clients need of it."""

from collections.abc import Iterator
from functools import partial

from app.cli.mcp_checks.addresses import is_protected, server_metadata_addresses
from app.cli.mcp_checks.fetching import UnreachableError
from app.cli.mcp_checks.findings import Finding, Side
from app.cli.mcp_checks.walk import Document, Walk

_finding = partial(Finding, Side.AUTHORIZATION_SERVER)


def publishes_its_metadata(walk: Walk) -> Iterator[Finding]:
    """Fetch the metadata at each address that a client tries, and compare the issuers."""
    expected = walk.issuer or ""
    documents: dict[str, Document] = {}
    failures: list[str] = []
    for address in server_metadata_addresses(expected):
        try:
            answer = walk.http.get(address)
        except UnreachableError as error:
            failures.append(f"{address}: {error}")
            continue
        document = answer.json_object() if answer.status == 200 else None
        if document is not None:
            documents[address] = document
        elif answer.status == 200:
            yield _finding(f"{address} is not a JSON object.", "Serve the metadata as JSON.")
        else:
            failures.append(f"{address}: {answer.status}")
    if not documents:
        yield _finding(
            f"{expected} publishes no metadata ({'; '.join(failures)}).",
            "Serve it at one of these addresses. If the authorization server has another issuer,"
            " correct `authorization_servers` of the MCP server instead.",
        )
        return
    walk.server_metadata = next(iter(documents.values()))
    yield from _about_issuers(walk, expected, documents)
    yield from _about_pkce(documents)


def _about_issuers(walk: Walk, expected: str, documents: dict[str, Document]) -> Iterator[Finding]:
    issuers = {address: document.get("issuer") for address, document in documents.items()}
    distinct = set(map(str, issuers.values()))
    if len(distinct) > 1:
        stated = "; ".join(f"{address} has {issuer}" for address, issuer in issuers.items())
        yield _finding(
            f"The issuer differs: {stated}.",
            "Write the same issuer, byte for byte, at each address.",
        )
        return
    (issuer,) = distinct
    if issuer == expected:
        return
    if issuer.rstrip("/") == expected.rstrip("/"):
        yield Finding(
            Side.MCP_SERVER,
            f"`authorization_servers` has {expected}, but the issuer is {issuer}: they differ in"
            " the final slash, and strict clients refuse that (RFC 8414 section 3.3).",
            f"Write {issuer} byte for byte. FastMCP adds the slash by itself: pass the issuer as a"
            " text, or use the provider of `postern-kit[fastmcp]`.",
            is_warning=True,
        )
        walk.issuer = issuer
        return
    yield _finding(
        f"The metadata of {expected} has the issuer {issuer}: clients refuse it (RFC 8414 section"
        " 3.3).",
        f"Set the issuer to {expected} (at Postern: `ISSUER`), or correct `authorization_servers`"
        " of the MCP server.",
    )


def _about_pkce(documents: dict[str, Document]) -> Iterator[Finding]:
    for address, document in documents.items():
        methods = document.get("code_challenge_methods_supported")
        if not isinstance(methods, list) or "S256" not in methods:
            yield _finding(
                f"`code_challenge_methods_supported` at {address} lacks S256: clients must not"
                " continue without PKCE.",
                'Support PKCE, and add "code_challenge_methods_supported": ["S256"] there.',
            )


def has_endpoints(walk: Walk) -> Iterator[Finding]:
    """The endpoints of the authorization code flow exist and are protected by TLS."""
    metadata = walk.server_metadata or {}
    for name in ("authorization_endpoint", "token_endpoint"):
        value = metadata.get(name)
        if not isinstance(value, str):
            yield _finding(f"The metadata has no `{name}`.", f"Add `{name}`.")
        elif not is_protected(value):
            yield _finding(f"`{name}` is {value}, not https.", "Serve it with https.")
    for name, required, otherwise in (
        ("response_types_supported", "code", False),
        ("grant_types_supported", "authorization_code", True),
    ):
        values = metadata.get(name)
        if not (required in values if isinstance(values, list) else otherwise):
            yield _finding(f"`{name}` lacks {required}.", f"Support {required} and list it.")


def returns_its_issuer(walk: Walk) -> Iterator[Finding]:
    """Authorization responses have `iss` (RFC 9207)."""
    if (walk.server_metadata or {}).get("authorization_response_iss_parameter_supported") is True:
        return
    yield _finding(
        "`authorization_response_iss_parameter_supported` is not true: clients of several servers"
        " can't tell whose response they got, and some use a callback for each server instead.",
        "Return `iss` in authorization responses (RFC 9207) and say so in the metadata.",
        is_warning=True,
    )


def accepts_new_clients(walk: Walk) -> Iterator[Finding]:
    """A client can introduce itself, by a document or by registration."""
    metadata = walk.server_metadata or {}
    accepts_documents = metadata.get("client_id_metadata_document_supported") is True
    endpoint = metadata.get("registration_endpoint")
    walk.registration_endpoint = endpoint if isinstance(endpoint, str) else None
    if not accepts_documents and walk.registration_endpoint is None:
        yield _finding(
            "The metadata has neither `client_id_metadata_document_supported` nor a"
            " `registration_endpoint`: only clients that you registered by hand can sign in.",
            "Enable client ID metadata documents or open registration; or give each user a"
            " `client_id`.",
        )
    methods = metadata.get("token_endpoint_auth_methods_supported")
    if accepts_documents and not (isinstance(methods, list) and "none" in methods):
        yield _finding(
            "Client ID metadata documents are supported, but"
            " `token_endpoint_auth_methods_supported` lacks `none`: Claude's clients then don't use"
            " their document.",
            "Add `none` to `token_endpoint_auth_methods_supported`.",
        )
