"""Refusals, signing keys, pending mails and the charts of the dashboard in the console."""

import httpx
import pytest_asyncio

from app.i18n import languages
from app.services.operations.refusal_rules.catalogue import BY_CODE
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS
from tests.support.application import Application, TestUser
from tests.support.console import administrator_in, form_fields
from tests.support.parts import services_of
from tests.support.visitor import Visitor, text_of

DATABASES = ("sqlite",)


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app()


def told(page: httpx.Response) -> str:
    return " ".join(text_of(page).split())


async def refused_request(app: Application) -> str:
    """Return the ID of a request that was refused and stored."""
    response = await app.http.post(
        "/token",
        data={"grant_type": "client_credentials", "client_id": "<b>nobody", "client_secret": "x"},
    )
    assert response.status_code == 401
    await services_of(app).operations.activity.writer.run_once()
    return response.headers["x-request-id"]


async def test_a_refusal_is_found_by_its_request_id_with_how_to_fix_it(
    app: Application, visitor: Visitor
) -> None:
    request_id = await refused_request(app)
    await administrator_in(visitor, "auditor")

    page = await visitor.follow(await visitor.get("/admin/refusals", search=request_id))
    listed = await visitor.get("/admin/refusals")

    assert page.url.path == f"/admin/refusals/{request_id}"
    assert "The client_id must be that of a client." in told(page)
    assert "How to fix it" in told(page)
    assert "invalid_client" in told(listed)
    assert "<b>nobody" not in page.text + listed.text


async def test_refusals_are_filtered_by_rule_client_user_network_and_days(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await refused_request(app)
    client = await app.create_client()
    await app.http.post(
        "/token",
        data={"grant_type": "client_credentials", "client_id": client.client_id,
              "client_secret": "wrong"},
    )  # fmt: skip
    await services_of(app).operations.activity.writer.run_once()
    stored = await services_of(app).operations.activity.refusals.list_page()
    network = stored[0].refusal.network
    today = app.clock.now().date().isoformat()
    await administrator_in(visitor, "auditor")

    async def listed(**values: str) -> tuple[bool, bool]:
        """Return whether the refusals of the unknown and of the known client are listed."""
        table = told(await visitor.get("/admin/refusals", **values)).partition("Requests")[2]
        return "&lt;b&gt;nobody" in table or "<b>nobody" in table, client.client_id in table

    assert await listed() == (True, True)
    assert await listed(rule="secret_wrong") == (False, True)
    assert await listed(client=client.client_id) == (False, True)
    assert await listed(client="<b>nobody") == (True, False)
    assert await listed(network=network) == (True, True)
    assert await listed(network="198.51.100.0/24") == (False, False)
    assert await listed(user=user.username) == (False, False)
    assert await listed(since=today, until=today) == (True, True)
    assert await listed(until="2020-01-01") == (False, False)
    none = await visitor.get("/admin/refusals", rule="pkce")
    assert "No refusal matches." in told(none)
    assert '<option value="pkce" selected>' in none.text


async def test_a_filter_of_refusals_with_errors_is_shown_again(visitor: Visitor) -> None:
    await administrator_in(visitor)

    page = await visitor.get(
        "/admin/refusals", rule="mine", user="nobody", since="x", until="2026-13-01"
    )

    assert page.status_code == 400
    for name in ("rule", "user", "since", "until"):
        assert f'id="{name}-error"' in page.text


async def test_the_rule_and_the_advice_are_in_the_language_of_the_page(
    app: Application, visitor: Visitor
) -> None:
    client = await app.create_client()
    refused = await app.http.post(
        "/token",
        data={"grant_type": "client_credentials", "client_id": client.client_id,
              "client_secret": "wrong"},
    )  # fmt: skip
    await services_of(app).operations.activity.writer.run_once()
    await administrator_in(visitor)
    german = {"accept-language": "de"}

    page = await visitor.http.get(
        f"/admin/refusals/{refused.headers['x-request-id']}", headers=german
    )
    listed = await visitor.http.get("/admin/refusals", headers=german)

    rule = BY_CODE["secret_wrong"]
    translated = languages.translations_of("de").gettext
    assert translated(rule.advice) != rule.advice
    assert f"postern clients rotate-secret {client.client_id} --overlap" in told(page)
    assert told(page).count(translated(rule.explanation)) == 1
    assert translated(rule.explanation) in told(listed)
    assert rule.explanation not in told(page) + told(listed)


async def test_an_unknown_request_id_is_not_found(visitor: Visitor) -> None:
    await administrator_in(visitor)

    page = await visitor.follow(await visitor.get("/admin/refusals", search="unknown"))

    assert page.status_code == 404


async def test_an_administrator_rotates_the_keys_after_a_recent_sign_in(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    signing_keys = services_of(app).oauth.signing_keys
    await signing_keys.ensure()
    before = await signing_keys.list_all()

    page = await visitor.follow(await visitor.submit(await visitor.get("/admin/keys/rotate")))
    after, fields = await signing_keys.list_all(), await form_fields(visitor)
    app.clock.advance(seconds=FRESH_SECONDS)
    late = await visitor.http.post("/admin/keys/rotate", data=fields)

    assert len(after) > len(before)
    assert "signs soon" in told(page)
    assert after[0].kid in told(page)
    assert late.headers["location"].startswith("/login")
    assert await signing_keys.list_all() == after


async def test_an_auditor_sees_the_keys_and_rotates_none(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor, "auditor")

    page = await visitor.get("/admin/keys")
    refused = await visitor.http.post("/admin/keys/rotate", data=await form_fields(visitor))

    assert (page.status_code, refused.status_code) == (200, 403)
    assert "/admin/keys/rotate" not in page.text


async def test_the_mail_queue_says_that_it_is_empty(visitor: Visitor) -> None:
    await administrator_in(visitor)

    assert "No mail is pending." in told(await visitor.get("/admin/mail"))


async def test_the_dashboard_draws_what_happened_and_says_it_in_words(
    app: Application, visitor: Visitor
) -> None:
    await refused_request(app)
    await administrator_in(visitor)
    await services_of(app).operations.activity.writer.run_once()

    page = await visitor.get("/admin")

    assert page.text.count('<svg viewBox="0 0 280 80" role="img"') == 3
    assert "1 succeeded and 0 refused in 14 days" in told(page)
    assert "client_unknown" in told(page)
    assert "The client_id must be that of a client." in told(page)
    assert "style=" not in page.text


async def test_the_dashboard_says_on_which_day_how_many_requests_a_rule_refused(
    app: Application, visitor: Visitor
) -> None:
    days = []
    for number in (2, 3):
        for _ in range(number):
            await refused_request(app)
        days.append(app.clock.now().date())
        app.clock.advance(seconds=86_400)
    await administrator_in(visitor)

    page = await visitor.get("/admin")

    assert f"{days[0]} client_unknown 2" in told(page)
    assert f"{days[1]} client_unknown 3" in told(page)
    assert page.text.count('<rect class="bad"') == 2
    assert "\N{BLACK SQUARE} client_unknown" in told(page)
    assert "Others" not in told(page)


async def test_days_before_the_charts_begin_are_not_drawn(
    app: Application, visitor: Visitor
) -> None:
    await refused_request(app)
    app.clock.advance(seconds=15 * 86_400)
    await administrator_in(visitor)

    assert "0 refused requests in 14 days" in told(await visitor.get("/admin"))
