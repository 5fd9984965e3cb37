"""WebFinger (RFC 7033): the issuer of the email addresses of WEBFINGER_DOMAINS."""

from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.people import person_with

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

PATH = "/.well-known/webfinger"
ISSUER = "http://openid.net/specs/connect/1.0/issuer"


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app(webfinger_domains="Example.com, example.org")


async def looked_up(app: Application, *resources: str, rel: tuple[str, ...] = ()) -> httpx.Response:
    pairs = [("resource", each) for each in resources] + [("rel", each) for each in rel]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)
    return await app.http.get(f"{PATH}?{query}")


async def test_an_address_of_the_domains_leads_to_the_issuer(app: Application) -> None:
    response = await looked_up(app, "acct:ada@example.org")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/jrd+json"
    assert response.json() == {
        "subject": "acct:ada@example.org",
        "links": [{"rel": ISSUER, "href": app.settings.issuer_url}],
    }


async def test_users_that_exist_and_that_do_not_get_the_same_response(app: Application) -> None:
    """SECURITY_BAR row 10: nobody learns who has an account"""
    await person_with(app, email="ada@example.com")

    known = await looked_up(app, "acct:ada@example.com")
    unknown = await looked_up(app, "acct:bob@example.com")

    assert known.text.replace("ada", "bob") == unknown.text
    assert known.status_code == unknown.status_code == 200


@pytest.mark.parametrize(
    "resource",
    ["ACCT:ada@EXAMPLE.com", "acct:a%40b@example.com", "acct:a+b.c@example.com"],
)
async def test_scheme_and_domain_are_case_insensitive(app: Application, resource: str) -> None:
    response = await looked_up(app, resource)

    assert response.status_code == 200
    assert response.json()["subject"] == resource


@pytest.mark.parametrize(
    "resource",
    [
        "acct:ada@example.net",
        "acct:ada@sub.example.com",
        "acct:ada@example.com.evil.example",
        "acct:ada@evil.example/@example.com",
        "acct:ada@evil.example@example.com",
        "acct:ada@evil.example?@example.com",
        "acct:@example.com",
        "acct:example.com",
        "https://example.com/ada",
        "mailto:ada@example.com",
    ],
)
async def test_any_other_resource_is_unknown(app: Application, resource: str) -> None:
    response = await looked_up(app, resource)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "resources",
    [
        (),
        ("",),
        ("ada@example.com",),
        ("acct:ada b@example.com",),
        ("acct:ada\n@example.com",),
        ("acct:äda@example.com",),
        (f"acct:{'a' * 600}@example.com",),
        ("acct:ada@example.com", "acct:bob@example.com"),
    ],
)
async def test_a_missing_or_malformed_resource_is_refused(
    app: Application, resources: tuple[str, ...]
) -> None:
    """RFC 7033 section 4.2"""
    response = await looked_up(app, *resources)

    assert response.status_code == 400
    assert response.json()["error"] == "bad_request"


async def test_only_the_requested_relations_are_returned(app: Application) -> None:
    """RFC 7033 section 4.3"""
    both = await looked_up(app, "acct:ada@example.com", rel=("self", ISSUER))
    other = await looked_up(app, "acct:ada@example.com", rel=("self",))

    assert [link["rel"] for link in both.json()["links"]] == [ISSUER]
    assert other.status_code == 200
    assert other.json() == {"subject": "acct:ada@example.com", "links": []}


@pytest.mark.parametrize("resource", ["acct:ada@example.com", "acct:ada@example.net", ""])
async def test_apps_of_any_origin_may_look_up_addresses(app: Application, resource: str) -> None:
    """RFC 7033 section 5"""
    response = await app.http.get(
        PATH, params={"resource": resource}, headers={"origin": "https://anything.example"}
    )

    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers


async def test_apps_may_ask_before_they_send_headers_of_their_own(app: Application) -> None:
    response = await app.http.options(
        PATH,
        headers={
            "origin": "https://anything.example",
            "access-control-request-method": "GET",
            "access-control-request-headers": "accept",
        },
    )

    assert response.status_code == 204
    assert response.headers["access-control-allow-methods"] == "GET"


async def test_without_domains_every_resource_is_unknown(start_app: AppFactory) -> None:
    app = await start_app()

    assert (await looked_up(app, "acct:ada@example.com")).status_code == 404
