"""Where an application may live (OpenID Connect Dynamic Client Registration section 2)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.protocol.registering import PRODUCTION, WEB, register
from tests.support.application import Application, running_application
from tests.support.assertions import assert_oauth_error
from tests.support.databases import Databases


@pytest_asyncio.fixture(scope="module")
async def strict_app(databases: Databases, database_kind: str) -> AsyncIterator[Application]:
    """Open, and in production."""
    url = await databases.migrated(database_kind)
    async with running_application(url, **PRODUCTION, dynamic_registration="open") as made:
        yield made


@pytest.mark.parametrize(
    ("application_type", "uri", "here", "in_production"),
    [
        ("web", "https://app.example.com/cb", True, True),
        ("web", "http://app.example.com/cb", True, False),
        ("web", "http://localhost:3000/cb", True, False),
        ("web", "https://localhost/cb", True, False),
        ("web", "https://127.0.0.1/cb", True, False),
        ("web", "https://[::1]/cb", True, False),
        ("web", "com.example.app:/cb", False, False),
        (None, "com.example.app:/cb", False, False),
        ("native", "com.example.app:/cb", True, True),
        ("native", "http://127.0.0.1/cb", True, True),
        ("native", "http://localhost:8080/cb", True, True),
        ("native", "http://[::1]:8080/cb?x=1", True, True),
        ("native", "https://app.example.com/cb", True, True),
        ("native", "http://app.example.com/cb", False, False),
        ("native", "http://localhost.example.com/cb", False, False),
        ("native", "myapp:/cb", True, False),
        ("native", "intent:/cb", True, False),
    ],
)
async def test_the_type_of_an_application_says_where_it_may_live(
    app: Application,
    strict_app: Application,
    application_type: str | None,
    uri: str,
    *,
    here: bool,
    in_production: bool,
) -> None:
    """SECURITY_BAR row 42; RFC 8252 sections 7 and 8.4"""
    for each, is_fine in ((app, here), (strict_app, in_production)):
        answer = await register(each, application_type=application_type, redirect_uris=[uri])

        if is_fine:
            assert answer.status_code == 201, answer.text
        else:
            assert_oauth_error(answer, "invalid_redirect_uri")


async def test_one_wrong_address_is_enough(strict_app: Application) -> None:
    """SECURITY_BAR row 42"""
    answer = await register(strict_app, redirect_uris=[WEB, "http://app.example.com/callback"])

    assert_oauth_error(answer, "invalid_redirect_uri")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("jwks_uri", "http://app.example.com/jwks"),
        ("request_uris", ["https://app.example.com/", "http://app.example.com/request"]),
    ],
)
async def test_production_fetches_by_https_alone(
    strict_app: Application, member: str, value: Any
) -> None:
    """SECURITY_BAR row 43"""
    answer = await register(strict_app, redirect_uris=[WEB], **{member: value})

    assert_oauth_error(answer, "invalid_client_metadata")


async def test_the_operator_may_vouch_for_his_own_hosts(start_app: AppFactory) -> None:
    """CONTRACT: OUTBOUND_ALLOWED_HOSTS, for closed networks"""
    app = await start_app(
        **PRODUCTION, dynamic_registration="open", outbound_allowed_hosts="localhost,keys.internal"
    )

    answer = await register(
        app, redirect_uris=["https://localhost:8443/cb"], jwks_uri="http://keys.internal/jwks"
    )

    assert answer.status_code == 201, answer.text
