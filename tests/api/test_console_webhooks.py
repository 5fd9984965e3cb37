"""Webhooks in the console."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.models.operations.webhooks import Webhook
from app.schemas.webhooks import TEST_EVENT, WebhookBody
from app.services.operations.authority import FULL
from app.services.operations.webhooks import WebhookService
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS
from tests.support.administration import new_group, new_webhook
from tests.support.application import Application
from tests.support.console import administrator_in, form_fields, secret_in, told
from tests.support.parts import services_of
from tests.support.peer import HOST, Answer, Authority, Peer, running_peer
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
PATH = "/admin/webhooks"
URL = "https://crm.example.com/events?key=s3cret-in-the-query"
CREATED = {"event_types.user.created": "1"}
REFUSAL = "the receiver answered 503"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture
async def peer(authority: Authority) -> AsyncIterator[Peer]:
    async with running_peer(authority) as peer:
        peer.answers["/hook"] = Answer(status=204)
        yield peer


@pytest_asyncio.fixture
async def app(start_app: AppFactory, authority: Authority) -> Application:
    return await start_app(outbound_allowed_hosts=(HOST,), outbound_ca_file=authority.ca_file)


def webhooks_of(app: Application) -> WebhookService:
    return services_of(app).operations.webhooks.webhooks


async def deliver(app: Application) -> None:
    """Do what the background jobs do when they look."""
    await services_of(app).core.audit.sequencer.run()
    await services_of(app).operations.webhooks.delivery.run_once()


def path_of(webhook: Webhook) -> str:
    return f"{PATH}/{webhook.webhook_id}"


async def test_an_administrator_creates_a_webhook_and_sees_its_secret_once(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new")
    values = {"url": URL, "description": "The CRM", **CREATED, "event_types.group.deleted": "1"}

    page = await visitor.submit(form, **values)
    [webhook] = await webhooks_of(app).list_page()
    shown, listed = await visitor.get(path_of(webhook)), await visitor.get(PATH)

    assert page.status_code == 200
    assert secret_in(page).startswith("whsec_")
    assert secret_in(page) not in shown.text + listed.text
    assert webhook.event_types.split() == ["user.created", "group.deleted"]
    assert webhook.is_enabled
    assert URL in told(shown)
    assert "User created user.created Group deleted group.deleted" in told(shown)
    assert "The CRM" in told(listed)
    assert "enabled" in told(listed)


@pytest.mark.parametrize(
    ("field", "values", "message"),
    [
        ("url", {"url": ""}, "Enter an address of at most 2,000 characters"),
        ("url", {"url": "http://crm.example.com/"}, "URL must be an https URL"),
        ("url", {"url": "https://169.254.169.254/latest"}, "URL must be an https URL"),
        ("description", {"description": "x" * 1001}, "Enter at most 1,000 characters."),
        ("event_types", {"event_types.user.created": ""}, "Choose at least one event."),
        ("event_types", {"event_types.user.created": "", "event_types.x": "1"}, "Choose at least"),
    ],
)
async def test_a_value_that_is_not_allowed_is_reported_beside_its_field(
    app: Application, visitor: Visitor, field: str, values: dict[str, str], message: str
) -> None:
    """SECURITY_BAR row 43"""
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new")

    page = await visitor.submit(form, **{"url": URL, "description": "CRM", **CREATED, **values})

    assert page.status_code in (400, 409, 422)
    assert f'id="{field}-error">{message}' in page.text
    assert await webhooks_of(app).list_page() == []


async def test_a_single_error_has_the_focus_and_is_shown_once(visitor: Visitor) -> None:
    """Issue 16 section 10: each error once; a single one at its field, or at its boxes"""
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new")

    boxes = await visitor.submit(form, url=URL)
    field = await visitor.submit(form, url="ftp://x", **CREATED)
    both = await visitor.submit(form, url="")

    assert boxes.text.count("Choose at least one event.") == 1
    assert 'id="event_types" tabindex="-1" autofocus' in boxes.text
    assert 'aria-invalid="true" autofocus' in field.text
    assert 'class="alert"' not in boxes.text + field.text
    assert 'class="alert" role="alert" tabindex="-1" autofocus' in both.text
    assert both.text.count("autofocus") == 1


async def test_what_was_chosen_is_kept_after_an_error(visitor: Visitor) -> None:
    await administrator_in(visitor)

    page = await visitor.submit(await visitor.get(f"{PATH}/+new"), url="ftp://x", **CREATED)

    assert 'name="event_types.user.created" type="checkbox" value="1" checked' in page.text
    assert page.text.count(" checked") == 1
    assert 'value="ftp://x"' in page.text


async def test_an_edit_keeps_the_secret_and_a_stale_one_shows_the_difference(
    app: Application, visitor: Visitor
) -> None:
    webhook, _ = await new_webhook(app, url=URL)
    await administrator_in(visitor)
    form = await visitor.get(f"{path_of(webhook)}/edit")
    other = WebhookBody(url="https://other.example.com/", event_types=("group.created",))
    await webhooks_of(app).change(webhook.webhook_id, other, authority=FULL)

    refused = await visitor.submit(form, url="https://mine.example.com/", **CREATED)
    unchanged = await webhooks_of(app).get(webhook.webhook_id)
    saved = await visitor.submit(refused, url="https://mine.example.com/")
    stored = await webhooks_of(app).get(webhook.webhook_id)

    assert refused.status_code == 409
    assert "Changed in the meantime to: https://other.example.com/" in told(refused)
    assert "Changed in the meantime to: group.created" in told(refused)
    assert unchanged.url == other.url
    assert saved.headers["location"] == f"{path_of(webhook)}?done=saved"
    assert stored.url == "https://mine.example.com/"
    assert stored.event_types == "user.created group.created"
    assert stored.sealed_secrets == webhook.sealed_secrets


async def test_a_webhook_is_disabled_enabled_and_deleted(
    app: Application, visitor: Visitor
) -> None:
    webhook, _ = await new_webhook(app, url=URL)
    await administrator_in(visitor)
    path = path_of(webhook)

    disabled = await visitor.follow(await visitor.submit(await visitor.get(f"{path}/disable")))
    was_enabled = (await webhooks_of(app).get(webhook.webhook_id)).is_enabled
    enabled = await visitor.follow(await visitor.submit(await visitor.get(f"{path}/enable")))
    is_enabled = (await webhooks_of(app).get(webhook.webhook_id)).is_enabled
    deleted = await visitor.follow(await visitor.submit(await visitor.get(f"{path}/delete")))

    assert (was_enabled, is_enabled) == (False, True)
    assert f'href="{path}/enable"' in disabled.text
    assert f'href="{path}/disable"' in enabled.text
    assert "Deleted." in told(deleted)
    assert "Webhooks appear here." in told(deleted)
    assert (await visitor.get(path)).status_code == 404


async def test_a_webhook_that_was_changed_meanwhile_is_not_deleted(
    app: Application, visitor: Visitor
) -> None:
    webhook, _ = await new_webhook(app, url=URL)
    await administrator_in(visitor)
    form = await visitor.get(f"{path_of(webhook)}/delete")
    await visitor.submit(await visitor.get(f"{path_of(webhook)}/disable"))

    refused = await visitor.submit(form)

    assert refused.status_code == 409
    assert "Someone else changed this after you opened the page." in told(refused)
    assert not (await webhooks_of(app).get(webhook.webhook_id)).is_enabled


async def test_a_new_secret_is_shown_once_beside_the_end_of_the_previous_one(
    app: Application, visitor: Visitor
) -> None:
    webhook, secret = await new_webhook(app, url=URL)
    await administrator_in(visitor)
    form = await visitor.get(f"{path_of(webhook)}/secret")

    wrong = await visitor.submit(form, overlap="1")
    page = await visitor.submit(form, overlap="3600")
    shown = await visitor.get(path_of(webhook))
    app.clock.advance(seconds=3600)
    later = await visitor.follow(await visitor.get(path_of(webhook)))

    assert 'id="overlap-error">Choose one of the values.' in wrong.text
    assert secret_in(page).startswith("whsec_")
    assert secret_in(page) != secret
    assert "Previous secret valid until" in told(shown)
    assert "Previous secret valid until" not in told(later)
    assert secret_in(page) not in shown.text


async def test_a_test_event_is_sent_at_once_and_its_refusal_is_told(
    app: Application, visitor: Visitor, peer: Peer
) -> None:
    webhook, _ = await new_webhook(app, url=peer.url("/hook"))
    await administrator_in(visitor)
    form = await visitor.get(f"{path_of(webhook)}/test")

    accepted = await visitor.follow(await visitor.submit(form))
    peer.answers["/hook"] = Answer(status=503, body="a text of the receiver")
    refused = await visitor.submit(form)

    assert len(peer.seen) == 2
    assert TEST_EVENT.encode() in peer.seen[0].body
    assert "The receiver accepted the test event." in told(accepted)
    assert refused.status_code == 400
    assert f"The receiver didn't accept the event: {REFUSAL}" in told(refused)
    assert "a text of the receiver" not in refused.text


async def test_deliveries_are_shown_with_their_state_and_last_error(
    app: Application, visitor: Visitor, peer: Peer
) -> None:
    webhook, secret = await new_webhook(app, url=f"{peer.url('/hook')}?key=s3cret-in-the-query")
    peer.answers["/hook?key=s3cret-in-the-query"] = Answer(status=503)
    await administrator_in(visitor, "auditor")
    empty = await visitor.get(path_of(webhook))
    await new_group(app, name="A group")
    await deliver(app)

    failing = await visitor.get(path_of(webhook))
    peer.answers["/hook?key=s3cret-in-the-query"] = Answer(status=204)
    app.clock.advance(seconds=10)
    await deliver(app)
    delivered = await visitor.get(f"{path_of(webhook)}/deliveries")

    assert "Events appear here when they occur" in told(empty)
    assert "Group created group.created pending" in told(failing)
    assert REFUSAL in told(failing)
    assert "failing" in told(failing)
    assert "Group created group.created delivered" in told(delivered)
    assert "A group" not in failing.text + delivered.text
    for page in (failing, delivered):
        assert "s3cret" not in page.text
        assert secret not in page.text


async def test_many_deliveries_are_read_page_by_page(
    app: Application, visitor: Visitor, peer: Peer
) -> None:
    webhook, _ = await new_webhook(app, url=peer.url("/hook"))
    for number in range(51):
        await new_group(app, name=f"Group {number}")
    await services_of(app).core.audit.sequencer.run()
    await administrator_in(visitor)

    part = await visitor.get(path_of(webhook))
    first = await visitor.get(f"{path_of(webhook)}/deliveries")
    [oldest] = (await webhooks_of(app).deliveries(webhook.webhook_id))[50:]
    newer = (await webhooks_of(app).deliveries(webhook.webhook_id))[49]
    second = await visitor.get(f"{path_of(webhook)}/deliveries", after=newer.delivery_id)

    assert part.text.count("<small><bdi>group.created") == 10
    assert f'href="{path_of(webhook)}/deliveries">Show all deliveries' in part.text
    assert first.text.count("<small><bdi>group.created") == 50
    assert f"after={newer.delivery_id}" in first.text
    assert oldest.delivery_id not in first.text
    assert second.text.count("<small><bdi>group.created") == 1


async def test_an_auditor_sees_no_query_of_a_url_and_is_offered_no_change(
    app: Application, visitor: Visitor
) -> None:
    """SECURITY_BAR row 55"""
    webhook, _ = await new_webhook(app, url=URL)
    await administrator_in(visitor, "auditor")

    pages = [await visitor.get(path) for path in (PATH, path_of(webhook))]

    for page in pages:
        assert "https://crm.example.com/events" in told(page)
        assert "s3cret" not in page.text
        assert "<form" not in page.text
        assert "+new" not in page.text
        assert "/delete" not in page.text
    assert (await visitor.get(f"{path_of(webhook)}/edit")).status_code == 403


@pytest.mark.parametrize("act", ["edit", "disable", "enable", "secret", "delete"])
async def test_a_change_needs_a_recent_sign_in(
    app: Application, visitor: Visitor, act: str
) -> None:
    webhook, _ = await new_webhook(app, url=URL)
    await administrator_in(visitor)
    fields = {**await form_fields(visitor), "version": "1", "url": "https://x.example.com/"}
    app.clock.advance(seconds=FRESH_SECONDS)

    answer = await visitor.http.post(f"{path_of(webhook)}/{act}", data={**fields, "overlap": "0"})

    assert answer.headers["location"].startswith("/login?next=admin%2Fwebhooks%2F")
    assert await webhooks_of(app).get(webhook.webhook_id) == webhook
