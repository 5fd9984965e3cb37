"""Identifiers of resources (RFC 8707 section 2): how they are stated, and in which forms sent."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.security.resource_identifiers import key_of
from tests.support.resources import resource_body

ORIGIN = "https://api.example"


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        (ORIGIN, ORIGIN),
        (f"{ORIGIN}/", ORIGIN),
        ("HTTPS://API.example:8443/", "https://api.example:8443"),
        (f"{ORIGIN}/Mcp", f"{ORIGIN}/Mcp"),
        ("HTTPS://Api.Example/Mcp?Tenant=A", f"{ORIGIN}/Mcp?Tenant=A"),
        ("URN:example:Api", "urn:example:Api"),
        ("api://Reports", "api://reports"),
    ],
)
def test_scheme_and_host_in_any_case_and_one_slash_after_an_origin_are_ignored(
    sent: str, key: str
) -> None:
    assert key_of(sent) == key


@pytest.mark.parametrize(
    "sent",
    [f"{ORIGIN}//", f"{ORIGIN}/mcp/", f"{ORIGIN}/mcp", f"{ORIGIN}?", f"{ORIGIN}/?", f"{ORIGIN}/#"],
)
def test_nothing_else_is_ignored(sent: str) -> None:
    assert key_of(sent) not in (ORIGIN, f"{ORIGIN}/Mcp")


@pytest.mark.parametrize(
    "identifier",
    [
        "api.example",
        "/api",
        "https://",
        "https:///api",
        "https://api.example#part",
        "https://api.example/#",
        "HTTPS://api.example",
        "https://API.example",
        "https://user@api.example",
        "https://api.example/a b",
        'https://api.example/"',
        "https://api.example/\n",
        "https://ä.example",
        "https://" + "a" * 500,
    ],
)
def test_an_identifier_is_an_absolute_uri_without_a_fragment(identifier: str) -> None:
    """RFC 8707 section 2"""
    with pytest.raises(ValidationError) as refused:
        resource_body("api", identifier=identifier)

    assert {error["loc"] for error in refused.value.errors()} == {("identifier",)}


@pytest.mark.parametrize(
    "identifier",
    [
        ORIGIN,
        f"{ORIGIN}/",
        f"{ORIGIN}/mcp?tenant=a",
        "http://localhost:9000/mcp",
        "urn:example:api",
    ],
)
def test_an_identifier_is_kept_as_it_was_stated(identifier: str) -> None:
    assert resource_body("api", identifier=identifier).identifier == identifier


@pytest.mark.parametrize(
    "values",
    [
        {"aliases": [f"{ORIGIN}/"], "identifier": ORIGIN},
        {"aliases": ["https://a.example", "https://a.example/"]},
        {"scopes": [{"name": "read", "description": "Read"}] * 2},
        {"scopes": [{"name": "write", "description": "Write", "implies": ["read"]}]},
        {"scopes": [{"name": "two words", "description": "Write"}]},
        {"name": "With Capitals"},
        {"name": "-x"},
        {"access_token_ttl": 10},
        {"token_format": "saml"},
        {"signing_alg": "HS256"},
        {"title": ""},
    ],
)
def test_a_resource_that_contradicts_itself_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        resource_body(**{"name": "api", **values})


def test_whether_every_client_may_request_it_has_no_default() -> None:
    body = resource_body("api").model_dump()
    del body["is_open_to_all_clients"]

    with pytest.raises(ValidationError):
        type(resource_body("api")).model_validate(body)
