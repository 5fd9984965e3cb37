"""Where an application may live (OpenID Connect Dynamic Client Registration section 2)."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.protocol.registering import PRODUCTION, WEB, register
from tests.support.application import Application, running_application
from tests.support.assertions import assert_oauth_error
from tests.support.databases import Databases


@pytest_asyncio.fixture(scope="module")
async def strict_app(databases: Databases, database_kind: str) -> AsyncIterator[Application]:
    """Open, and in production."""
    url = await databases.migrated(database_kind)
    async with running_application(
        url, **PRODUCTION, dynamic_registration="open", registration_limit=1000
    ) as made:
        yield made


@pytest.mark.parametrize(
    ("application_type", "uri", "here", "in_production"),
    [
        ("web", "https://app.example.com/cb", True, True),
        ("web", "http://app.example.com/cb", True, False),
        ("web", "http://localhost:3000/cb", True, True),
        ("web", "https://localhost/cb", True, True),
        ("web", "com.example.app:/cb", False, False),
        ("web", "cursor://anysphere.cursor-mcp/oauth/callback", False, False),
        (None, "https://app.example.com/cb", True, True),
        (None, "http://app.example.com/cb", True, False),
        (None, "http://localhost.example.com/cb", True, False),
        (None, "http://127.0.0.1:33418/", True, True),
        (None, "http://localhost:3118/callback", True, True),
        (None, "http://[::1]/", True, True),
        (None, "com.example.app:/cb", True, True),
        (None, "cursor://anysphere.cursor-mcp/oauth/callback", True, True),
        (None, "app.immich:///oauth-callback", True, True),
        (None, "mailto:someone@example.com", False, False),
        (None, "search-ms:query=x", False, False),
        (None, "MS-settings:privacy", False, False),
        ("native", "com.example.app:/cb", True, True),
        ("native", "http://127.0.0.1/cb", True, True),
        ("native", "http://localhost:8080/cb", True, True),
        ("native", "http://[::1]:8080/cb?x=1", True, True),
        ("native", "https://app.example.com/cb", True, True),
        ("native", "http://app.example.com/cb", False, False),
        ("native", "http://localhost.example.com/cb", False, False),
        ("native", "myapp:/cb", True, True),
        ("native", "intent:/cb", False, False),
        ("native", "sms:+15551234", False, False),
        ("native", "ms-excel:ofe|u|https://app.example.com/", False, False),
    ],
)
async def test_the_application_type_determines_the_allowed_redirect_uris(
    app: Application,
    strict_app: Application,
    application_type: str | None,
    uri: str,
    *,
    here: bool,
    in_production: bool,
) -> None:
    """SECURITY_BAR row 42; RFC 8252 sections 7 and 8.4, decision 0016

    RFC 8252 says that a scheme without a period should be refused; clients that people use have
    one.
    """
    for each, is_fine in ((app, here), (strict_app, in_production)):
        answer = await register(each, application_type=application_type, redirect_uris=[uri])

        if is_fine:
            assert answer.status_code == 201, answer.text
        else:
            assert_oauth_error(answer, "invalid_redirect_uri")


async def test_one_invalid_redirect_uri_is_enough_for_a_refusal(strict_app: Application) -> None:
    """SECURITY_BAR row 42"""
    answer = await register(strict_app, redirect_uris=[WEB, "http://app.example.com/callback"])

    assert_oauth_error(answer, "invalid_redirect_uri")
