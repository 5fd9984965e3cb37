"""Who a caller is, is the word of the peer, or of a proxy that the operator trusts."""

import logging
from typing import Any

import httpx
import pytest

from tests.conftest import AppFactory
from tests.support.application import SECRET_KEY, Application, TestClient
from tests.support.callers import calling_from

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

PROXY = "10.9.8.7"
STRANGER = "203.0.113.50"
FREE = 12
PRODUCTION: dict[str, Any] = {
    "app_env": "production",
    "issuer": "https://login.example.com",
    "secret_key": SECRET_KEY,
}


async def guess(app: Application, client: TestClient, **headers: str) -> httpx.Response:
    form = {"grant_type": "password", "username": app.new_name(), "password": "wrong password"}
    return await app.http.post("/token", data=form, auth=client.auth, headers=headers)


async def test_an_untrusted_forwarded_header_gives_no_additional_attempts(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 24"""
    app = await start_app(login_limit_address=FREE, trusted_proxies=(PROXY,))
    client = await app.create_client()

    async with calling_from(app, STRANGER) as stranger:
        answers = [
            await guess(stranger, client, **{"x-forwarded-for": f"198.51.100.{number}"})
            for number in range(FREE + 1)
        ]

    assert [each.status_code for each in answers] == [400] * FREE + [429]


async def test_an_untrusted_forwarded_header_does_not_use_up_the_attempts_of_others(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 24"""
    app = await start_app(login_limit_address=FREE)
    client = await app.create_client()
    async with calling_from(app, STRANGER) as stranger:
        for _ in range(FREE + 1):
            await guess(stranger, client, **{"x-forwarded-for": "198.51.100.7"})

    async with calling_from(app, "198.51.100.7") as victim:
        answer = await guess(victim, client)

    assert answer.status_code == 400


async def test_callers_behind_a_trusted_proxy_are_distinguished(start_app: AppFactory) -> None:
    """SECURITY_BAR row 24"""
    app = await start_app(login_limit_address=FREE, trusted_proxies=(PROXY,))
    client = await app.create_client()

    async with calling_from(app, PROXY) as proxy:
        one = [
            await guess(proxy, client, **{"x-forwarded-for": "198.51.100.1"})
            for _ in range(FREE + 1)
        ]
        other = await guess(proxy, client, **{"x-forwarded-for": "198.51.100.2"})

    assert [each.status_code for each in one] == [400] * FREE + [429]
    assert other.status_code == 400


async def test_entries_before_that_of_the_trusted_proxy_are_ignored(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 24: proxies append, and only what they appended counts"""
    app = await start_app(login_limit_address=FREE, trusted_proxies=(PROXY,))
    client = await app.create_client()

    async with calling_from(app, PROXY) as proxy:
        answers = [
            await guess(proxy, client, **{"x-forwarded-for": f"192.0.2.{number}, 198.51.100.1"})
            for number in range(FREE + 1)
        ]

    assert answers[-1].status_code == 429


async def test_the_standard_forwarded_header_is_used_if_it_is_configured(
    start_app: AppFactory,
) -> None:
    """RFC 7239; SECURITY_BAR row 24: and then the other header is ignored"""
    app = await start_app(
        login_limit_address=FREE, trusted_proxies=(PROXY,), forwarded_header="Forwarded"
    )
    client = await app.create_client()

    async with calling_from(app, PROXY) as proxy:
        one = [
            await guess(
                proxy,
                client,
                **{
                    "forwarded": 'for="[2001:db8::1]:4711"',
                    "x-forwarded-for": f"198.51.100.{number}",
                },
            )
            for number in range(FREE + 1)
        ]
        other = await guess(proxy, client, forwarded="for=198.51.100.2")

    assert [each.status_code for each in one] == [400] * FREE + [429]
    assert other.status_code == 400


@pytest.mark.parametrize("trusted", [(), (PROXY,)])
async def test_an_unconfigured_proxy_logs_one_warning(
    start_app: AppFactory, caplog: pytest.LogCaptureFixture, trusted: tuple[str, ...]
) -> None:
    """SECURITY_BAR row 24: every limit falls on the proxy, so its operator is told"""
    app = await start_app(**PRODUCTION, trusted_proxies=trusted)
    logging.getLogger("postern").addHandler(caplog.handler)

    async with calling_from(app, STRANGER) as proxy:
        await proxy.http.get("/health/live")
        before = warnings_in(caplog)
        for _ in range(3):
            await proxy.http.get("/health/live", headers={"x-forwarded-for": "198.51.100.1"})

    assert before == []
    (warning,) = warnings_in(caplog)
    assert "TRUSTED_PROXIES" in warning
    assert STRANGER in warning


@pytest.mark.parametrize(
    "settings", [{"app_env": "development"}, {**PRODUCTION, "trusted_proxies": (STRANGER,)}]
)
async def test_a_trusted_proxy_or_one_in_development_logs_no_warning(
    start_app: AppFactory, caplog: pytest.LogCaptureFixture, settings: dict[str, Any]
) -> None:
    """SECURITY_BAR row 24"""
    app = await start_app(**settings)
    logging.getLogger("postern").addHandler(caplog.handler)

    async with calling_from(app, STRANGER) as proxy:
        await proxy.http.get("/health/live", headers={"x-forwarded-for": "198.51.100.1"})

    assert warnings_in(caplog) == []


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    texts = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    return [text for text in texts if "x-forwarded-for" in text]
