"""Error pages of sign-ins at an identity provider: the id on them finds the private reason."""

import pytest

from tests.support.application import TestClient
from tests.support.identity_provider import Provider, sent_to
from tests.support.refusals import recorded_refusals
from tests.support.visitor import Visitor, text_of


async def test_the_request_id_on_the_page_identifies_the_provider_error_in_the_log(
    visitor: Visitor, provider: Provider
) -> None:
    asked = await sent_to(visitor, provider)
    with recorded_refusals() as records:
        page = await visitor.http.get(provider.callback(asked, error="server_error"))

    request_id = page.headers["x-request-id"]
    record = records.one(request_id)
    assert page.status_code == 502
    assert request_id in text_of(page)
    assert record.error == "upstream_failed"
    assert provider.name in record.reason
    assert record.reason not in text_of(page)


async def test_the_request_id_on_the_page_identifies_a_lost_sign_in_in_the_log(
    visitor: Visitor, provider: Provider
) -> None:
    asked = await sent_to(visitor, provider)
    with recorded_refusals() as records:
        page = await visitor.http.get(provider.callback(asked, state="another"))

    record = records.one(page.headers["x-request-id"])
    assert page.status_code == 400
    assert record.error == "upstream_expired"
    assert "this browser has no sign-in with this state" in record.reason


@pytest.mark.parametrize("error", [None, "server_error"])
async def test_a_sign_in_at_an_identity_provider_preserves_the_language(
    client: TestClient, visitor: Visitor, provider: Provider, error: str | None
) -> None:
    """OpenID Connect Core section 3.1.2.1: ui_locales"""
    visitor.http.headers["accept-language"] = "en"
    login = await visitor.authorize(client, ui_locales="de")
    asked = await sent_to(visitor, provider, **dict(login.url.params))
    provider.knows(asked, sub=visitor.app.new_name())

    page = await visitor.follow(await visitor.http.get(provider.callback(asked, error=error)))

    assert page.headers["content-language"] == "de"
    assert page.status_code == (502 if error else 200)
